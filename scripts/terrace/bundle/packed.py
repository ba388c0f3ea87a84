"""A bundle as one file: an archive in the format of tar, uncompressed, the same bytes for the same bundle anywhere."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

from terrace.bundle.manifest import MANIFEST, decode, is_flat
from terrace.bundle.reader import Bundle, MissingError, read_bytes
from terrace.errors import BundleError

SUFFIX = ".bundle.tar"
LARGEST = 1 << 30
"""An archive with more bytes is nothing that we packed."""


def pack(folder: Path, file: Path) -> None:
    """Write the bundle in `folder` as `file`, by one rename: readers see the old file or the new one, whole."""
    import tarfile

    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with (
            temporary.open("wb") as stream,
            tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive,
        ):
            for name in sorted(os.listdir(folder)):  # noqa: PTH208 - only the names
                data = read_bytes(folder / name)
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(data), 0o444
                archive.addfile(entry, io.BytesIO(data))
        temporary.replace(file)
    except OSError as error:
        raise BundleError(f"cannot write {file}: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def open_packed(file: Path) -> Bundle:
    """The bundle in the archive `file`, which is read into memory once. Nothing of it is put on a disk."""
    files = unpacked(file)

    def get(name: str) -> bytes:
        try:
            return files[name]
        except KeyError:
            raise MissingError(f"{name} is missing in {file}", hint="Copy it again from where it came from.") from None

    manifest, ref = decode(get(MANIFEST), f"{MANIFEST} in {file}")
    return Bundle(file, manifest, ref, get)


def unpacked(file: Path) -> dict[str, bytes]:
    """The files in an archive, by name. What is no regular file with a flat name, or there twice, is refused."""
    import tarfile

    data = read_bytes(file)
    if len(data) > LARGEST:
        raise BundleError(f"{file} has more than {LARGEST:,} bytes, so it is no bundle")
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            return dict(_checked(archive, file))
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise BundleError(f"{file} is not a packed bundle", hint="Make one with terrace build --pack.") from error


def _checked(archive: object, file: Path) -> Iterator[tuple[str, bytes]]:
    import tarfile

    assert isinstance(archive, tarfile.TarFile)
    seen: set[str] = set()
    for entry in archive:
        content = archive.extractfile(entry) if entry.isreg() else None
        if content is None or not is_flat(entry.name) or entry.name in seen:
            raise BundleError(f"{file} holds {entry.name!r}, which no bundle does")
        seen.add(entry.name)
        yield entry.name, content.read()
