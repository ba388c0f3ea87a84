"""The last bundle that was right, kept on this machine's disk: a start works while the source is away."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path
from typing import NoReturn

from terrace.bundle.manifest import MANIFEST, PROVENANCE, SIGNATURE
from terrace.bundle.reader import DATA, Bundle, open_bundle
from terrace.errors import BundleError, ConfigError
from terrace.runtime.asked import Asked
from terrace.runtime.source import AwayError, of_this_process

_SEEN = "seen"


class LastGood:
    """A folder with one bundle in it. Secrets in it are as encrypted as they were; plain values are plain.

    Its layout is that of a service's folder at a destination. `seen` holds no text: its time is when the source was
    last known to have this bundle.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def keep(self, bundle: Bundle) -> None:
        """Keep a copy of `bundle`, or note that it is still current. A failure is logged, and stops nothing."""
        try:
            name = _named(bundle)
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.path.realpath(self._folder / DATA) != os.path.realpath(self._folder / name):
                self._copy(bundle, name)
            self._prune(name)
            (self._folder / _SEEN).touch()
        except (OSError, BundleError) as error:
            import logging

            logging.getLogger("terrace.runtime").warning("no last good copy is kept in %s: %s", self._folder, error)

    def bundle(self, asked: Asked, away: AwayError) -> tuple[Bundle, float]:
        """The copy, and how many seconds ago it was known to be current. Raises if there is none, or it is too old."""
        try:
            bundle = open_bundle(self._folder)
            age = max(0.0, time.time() - (self._folder / _SEEN).stat().st_mtime)
        except (OSError, BundleError):
            raise ConfigError(
                f"{away.message}; and there is no last good copy in {self._folder}", hint=away.hint
            ) from None
        if asked.max_age is not None and age > asked.max_age:
            self._too_old(away, age, asked.max_age)
        return of_this_process(bundle, asked), age

    def _too_old(self, away: AwayError, age: float, limit: float) -> NoReturn:
        raise ConfigError(
            f"{away.message}; and the last good copy in {self._folder} is {age:,.0f} s old, {limit:,.0f} s are allowed",
            hint=away.hint,
        )

    def _copy(self, bundle: Bundle, name: str) -> None:
        new = self._folder / f"{name}.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        # What is read here is compared with the manifest: a copy is never worse than its source.
        for file in bundle.manifest.files:
            (new / file).write_bytes(bundle.read(file))
        signature = {SIGNATURE: bundle.signature} if bundle.signature else {}
        for file, data in {**_beside(bundle), **signature, MANIFEST: bundle.get(MANIFEST)}.items():
            (new / file).write_bytes(data)
        target = self._folder / name
        shutil.rmtree(target, ignore_errors=True)
        new.rename(target)
        link = self._folder / f"{DATA}_tmp"
        link.unlink(missing_ok=True)
        link.symlink_to(name)
        os.replace(link, self._folder / DATA)  # noqa: PTH105 - as the destination does it

    def _prune(self, name: str) -> None:
        """Remove other copies, also those that a process left that died."""
        for other in self._folder.glob("..sha256-*"):
            if other.name != name:
                shutil.rmtree(other, ignore_errors=True)


def _named(bundle: Bundle) -> str:
    """The name of the copy: another one where the same content was signed anew."""
    name = f"..{bundle.ref.digest.replace(':', '-')}"
    return f"{name}.{hashlib.sha256(bundle.signature).hexdigest()[:16]}" if bundle.signature else name


def _beside(bundle: Bundle) -> dict[str, bytes]:
    """The files that the manifest does not list: those that a signature covers as they were when it was checked."""
    if not bundle.provenance_data:
        return {}
    origins = {name: bundle.get(name) for name in bundle.provenance.get("origins", {})}
    return {PROVENANCE: bundle.provenance_data, **origins}
