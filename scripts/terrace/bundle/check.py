"""Check every byte of a bundle, and say what is wrong in words."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from terrace.bundle.canonical import canonical
from terrace.bundle.dates import decoded
from terrace.bundle.manifest import (
    FACTS,
    MANIFEST,
    PROVENANCE,
    SCHEMA,
    SIGNATURE,
    FileEntry,
    Manifest,
    decode,
    is_flat,
    load_object,
)
from terrace.bundle.reader import MissingError, followed, read_bytes
from terrace.bundle.signature import decoded as signed
from terrace.bundle.signature import disagreements
from terrace.errors import BundleError, SignatureError
from terrace.model.release import BundleRef

# A pipe would block until somebody opens its other end; a link in a file's place is no file.
_OPENING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_CHUNK = 1 << 18


def verify(folder: Path) -> list[str]:
    """Everything that is wrong with the bundle in `folder`, one line each; empty if every byte is as it was sealed."""
    try:
        folder = followed(folder)
        data = read_bytes(folder / MANIFEST)
        manifest, ref = decode(data, MANIFEST)
    except BundleError as error:
        return [error.message]
    return [*_manifest_problems(data, manifest), *_file_problems(folder, manifest), *_signature_problems(folder, ref)]


def _manifest_problems(data: bytes, manifest: Manifest) -> Iterator[str]:
    raw = load_object(data, MANIFEST)
    if data != canonical(raw):
        yield f"{MANIFEST} is not canonical JSON: it was written or changed by something else than terrace build"
    elif raw.get("streams") != manifest.streams._asdict():
        yield f"{MANIFEST}: the digests of its streams are not those of its content"
    elif raw["schema"].get("sha256") != manifest.schema_sha256:
        yield f"{MANIFEST}: the digest of the schema is not that of schema.json"
    elif data != manifest.encode():
        yield f"{MANIFEST} holds keys that bundle format {raw['format']} does not know"


def _file_problems(folder: Path, manifest: Manifest) -> Iterator[str]:
    beside, problem = _origins(folder)
    if problem:
        yield problem
    wanted = {**manifest.files, **beside}
    try:
        there = frozenset(os.listdir(folder))  # noqa: PTH208 - only the names
    except OSError as error:
        yield f"{folder} cannot be listed: {error.strerror}"
        return
    used = {part.config for part in manifest.slices.values()}
    used |= {file for part in manifest.slices.values() for _, file in part.secrets} | {SCHEMA, FACTS}
    for name in sorted(wanted.keys() | there):
        if name not in there:
            yield f"{name} is missing"
        elif not is_flat(name):
            yield f"{name!r} is not a flat name: letters, digits, '-', '.' and '_'"
        elif name in wanted:
            yield from _differences(folder, name, wanted[name])
        elif not _is_regular(f"{folder}/{name}"):
            yield f"{name} is not a regular file"
        elif name not in (MANIFEST, PROVENANCE, SIGNATURE):
            yield f"{name} is extra: the manifest does not list it"
        if name in manifest.files and name not in used:
            yield f"{name} is listed, and no slice takes it"


def _signature_problems(folder: Path, ref: BundleRef) -> Iterator[str]:
    """Whether a signature, if there is one, is of this bundle. Who made it is asked by `signers.check`."""
    try:
        data = read_bytes(folder / SIGNATURE)
    except MissingError:
        return
    except BundleError as error:
        yield error.message
        return
    try:
        provenance = read_bytes(folder / PROVENANCE)
    except BundleError:
        provenance = b""
    try:
        yield from disagreements(signed(data, SIGNATURE), ref, provenance)
    except SignatureError as error:
        yield error.message


def _origins(folder: Path) -> tuple[Mapping[str, FileEntry], str]:
    """The files that `provenance.json` lists, and what is wrong with it. It is not in the digest, and may be absent."""
    path = folder / PROVENANCE
    if path.is_symlink() or not path.is_file():
        return {}, ""
    try:
        raw = load_object(path.read_bytes(), PROVENANCE)
        listed = {name: FileEntry(str(item["sha256"]), int(item["size"])) for name, item in raw["origins"].items()}
        decoded(raw, PROVENANCE)
    except BundleError as error:
        return {}, error.message
    except OSError as error:
        return {}, f"{PROVENANCE} cannot be read: {error.strerror}"
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}, f"{PROVENANCE} does not list the files that it covers"
    return listed, ""


def _differences(folder: Path, name: str, entry: FileEntry) -> Iterator[str]:
    # A bundle may have ten thousand files, so each is opened once, and no path is made of its name.
    path = f"{folder}/{name}"
    try:
        descriptor = os.open(path, _OPENING)
        try:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            data = _rest(descriptor) if regular else b""
        finally:
            os.close(descriptor)
    except OSError as error:
        yield f"{name} cannot be read: {error.strerror}" if _is_regular(path) else f"{name} is not a regular file"
        return
    if not regular:
        yield f"{name} is not a regular file"
    elif len(data) != entry.size:
        yield f"{name} has {len(data):,} bytes, and {entry.size:,} were sealed"
    elif hashlib.sha256(data).hexdigest() != entry.sha256:
        yield f"{name} was changed: its digest is not the one that was sealed"


def _rest(descriptor: int) -> bytes:
    data = b""
    while more := os.read(descriptor, _CHUNK):
        data += more
    return data


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
