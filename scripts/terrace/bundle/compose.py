"""A bundle made of two: the configuration of one with the secrets of another."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from terrace.bundle.manifest import MANIFEST, PROVENANCE, SHARED, FileEntry, SecretsFile, Slice, seal
from terrace.bundle.reader import Bundle
from terrace.errors import BundleError
from terrace.model.release import BundleRef


def recompose(config_from: Bundle, secrets_from: Bundle, folder: Path, *, link: bool = False) -> BundleRef:
    """The bundle in `folder` that has the configuration stream of one bundle and the secrets of the other.

    A rollback moves configuration only: what was rotated since stays rotated. If both give what one bundle already
    was, the result has that bundle's digest. `link` shares the files where the file system can: for bundles that are
    never changed, as releases at a destination.
    """
    old = config_from.manifest
    own = {file for part in old.slices.values() for _, file in part.secrets}
    slices = {name: Slice(part.config, _secrets(name, config_from, secrets_from)) for name, part in old.slices.items()}
    sources = {name: config_from for name in old.files if name not in own}
    for part in slices.values():
        for _, file in part.secrets:
            sources[file] = secrets_from if file in secrets_from.manifest.files else config_from
    files = {name: source.manifest.files[name] for name, source in sources.items()}
    _same_names(files, config_from, secrets_from)
    data, ref = seal(old._replace(files=files, slices=slices))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, source in sources.items():
            place(source.folder / name, folder / name, link=link)
        for name in _beside(config_from):
            place(config_from.folder / name, folder / name, link=link)
        (folder / MANIFEST).write_bytes(data)
    except OSError as error:
        raise BundleError(f"cannot write a bundle into {folder}: {error.strerror}") from error
    return ref


def kept_secrets(tenant: str, config_from: Bundle, secrets_from: Bundle) -> bool:
    """Whether `tenant` keeps secrets of its own from `config_from`, because `secrets_from` does not know the tenant."""
    own = _secrets(tenant, config_from, secrets_from)
    return tenant not in secrets_from.manifest.slices and any(
        file not in secrets_from.manifest.files for _, file in own
    )


def place(source: Path, destination: Path, *, link: bool) -> None:
    """Put the file `source` at `destination`: as another name of the same file if `link` and possible, else a copy."""
    if link:
        try:
            os.link(source, destination, follow_symlinks=False)
        except OSError:
            # Not every file system has links, and some kernels allow them to the file's owner only.
            link = False
    if not link:
        shutil.copyfile(source, destination, follow_symlinks=False)


def _secrets(name: str, config_from: Bundle, secrets_from: Bundle) -> tuple[SecretsFile, ...]:
    """The secrets files of a slice: the other bundle's; for a tenant it does not have, its own above the other's."""
    theirs = secrets_from.manifest.slices
    if name in theirs:
        return theirs[name].secrets
    ours = config_from.manifest.slices
    shared = {layer for layer, _ in ours[SHARED].secrets}
    return (*theirs[SHARED].secrets, *(item for item in ours[name].secrets if item.layer not in shared))


def _same_names(files: dict[str, FileEntry], *bundles: Bundle) -> None:
    for bundle in bundles:
        for name, entry in files.items():
            if bundle.manifest.files.get(name, entry) != entry and name.startswith("secrets."):
                raise BundleError(f"two different secrets files are both called {name}")


def _beside(bundle: Bundle) -> Iterator[str]:
    """The files of a bundle that its digest does not cover."""
    if (bundle.folder / PROVENANCE).is_file():
        yield PROVENANCE
        yield from bundle.provenance.get("origins", {})
