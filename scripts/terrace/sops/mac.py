"""The MAC of a file: one hash over the texts of its values, in their order."""

from __future__ import annotations

from hashlib import sha512
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# SHA-256 of "sops": what tells a MAC over the encrypted values only from one over all.
_ENCRYPTED_ONLY = bytes.fromhex("8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69")


def digest(texts: Iterable[bytes], *, encrypted_only: bool) -> str:
    """The MAC over `texts`, before it is encrypted itself."""
    hashed = sha512(_ENCRYPTED_ONLY if encrypted_only else b"")
    for text in texts:
        hashed.update(text)
    return hashed.hexdigest().upper()
