"""Keys, and bundles signed with them."""

from __future__ import annotations

from pathlib import Path

from terrace.bundle import open_bundle
from terrace.bundle.keys import SigningKey
from terrace.bundle.new_key import create


def key_in(folder: Path, name: str = "key") -> SigningKey:
    """A new key; its public half is in `<name>.pub`."""
    folder.mkdir(exist_ok=True)
    return create(folder / name)


def signed(folder: Path, key: SigningKey) -> Path:
    """The bundle in `folder`, with a signature by `key`."""
    bundle = open_bundle(folder)
    (folder / "signature.json").write_bytes(key.sign(bundle.ref, bundle.provenance_data))
    return folder


def told(folder: Path) -> bytes:
    """What the signature of the bundle in `folder` is."""
    return (folder / "signature.json").read_bytes()
