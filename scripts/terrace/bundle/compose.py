"""A bundle made of two: the configuration of one with the secrets of another."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from terrace.bundle.canonical import canonical
from terrace.bundle.dates import KEY, SecretDates, encoded
from terrace.bundle.keys import SigningKey
from terrace.bundle.manifest import MANIFEST, PROVENANCE, SHARED, SIGNATURE, SecretsFile, Slice, seal
from terrace.bundle.reader import Bundle
from terrace.errors import BundleError
from terrace.model.release import BundleRef


def recompose(config_from: Bundle, secrets_from: Bundle, folder: Path, key: SigningKey | None = None) -> BundleRef:
    """The bundle in `folder` that has the configuration stream of one bundle and the secrets of the other.

    A rollback moves configuration only: what was rotated since stays rotated. If both give what one bundle already
    was, the result has that bundle's digest. It is another bundle than those two, so neither's signature is its own:
    `key` signs it.
    """
    try:
        return assemble(config_from, secrets_from, folder, link=False, key=key)
    except OSError as error:
        raise BundleError(f"cannot write a bundle into {folder}: {error.strerror}") from error


def assemble(
    config_from: Bundle, secrets_from: Bundle, folder: Path, *, link: bool, key: SigningKey | None = None
) -> BundleRef:
    """As `recompose`, and `link` shares the files where the file system can: for bundles that are never changed."""
    old = config_from.manifest
    own = {file for part in old.slices.values() for _, file in part.secrets}
    slices = {name: Slice(part.config, _secrets(name, config_from, secrets_from)) for name, part in old.slices.items()}
    sources = {name: config_from for name in old.files if name not in own}
    for part in slices.values():
        for _, file in part.secrets:
            sources[file] = secrets_from if file in secrets_from.manifest.files else config_from
    files = {name: source.manifest.files[name] for name, source in sources.items()}
    data, ref = seal(old._replace(files=files, slices=slices))
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in sources.items():
        place(source.folder / name, folder / name, link=link)
    for name in config_from.provenance.get("origins", {}):
        place(config_from.folder / name, folder / name, link=link)
    beside = b""
    if config_from.provenance:
        said = encoded(_dates(slices.values(), sources))
        beside = canonical({**config_from.provenance, KEY: said})
        (folder / PROVENANCE).write_bytes(beside)
    if key is not None:
        (folder / SIGNATURE).write_bytes(key.sign(ref, beside))
    (folder / MANIFEST).write_bytes(data)
    return ref


def tenants_with_old_secrets(config_from: Bundle, secrets_from: Bundle) -> list[str]:
    """The tenants that keep secrets of their own from `config_from`, because `secrets_from` does not know them."""
    theirs = secrets_from.manifest
    return sorted(
        name
        for name in config_from.manifest.slices.keys() - theirs.slices.keys()
        if any(file not in theirs.files for _, file in _secrets(name, config_from, secrets_from))
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


def _dates(slices: Iterable[Slice], sources: Mapping[str, Bundle]) -> dict[str, Mapping[str, SecretDates]]:
    """When the secrets of these slices were set, each as the bundle has it that the file is from."""
    files = {item for part in slices for item in part.secrets}
    return {layer: dates for layer, file in sorted(files) if (dates := sources[file].dates.get(layer)) is not None}


def _secrets(name: str, config_from: Bundle, secrets_from: Bundle) -> tuple[SecretsFile, ...]:
    """The secrets files of a slice: the other bundle's; for a tenant it does not have, its own above the other's."""
    theirs = secrets_from.manifest.slices
    if name in theirs:
        return theirs[name].secrets
    ours = config_from.manifest.slices
    shared = {layer for layer, _ in ours[SHARED].secrets}
    return (*theirs[SHARED].secrets, *(item for item in ours[name].secrets if item.layer not in shared))
