"""A new key that signs, and its public half, each in a file of its own. Nothing that is there is ever replaced."""

from __future__ import annotations

import os
from pathlib import Path

from terrace.bundle.keys import SigningKey, passphrase_in
from terrace.errors import SignatureError


def create(file: Path, passphrase: Path | None = None) -> SigningKey:
    """A new key: the private one in `file`, which only its owner can read, and the public one in `<file>.pub`.

    What is there is never replaced. With `passphrase`, a file, the private key is encrypted with what that holds.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    secret = passphrase_in(passphrase)
    made = ec.generate_private_key(ec.SECP256R1())
    how = BestAvailableEncryption(secret) if secret is not None else NoEncryption()
    found = SigningKey(str(file), made)
    public = file.with_name(f"{file.name}.pub")
    if os.path.lexists(public):
        raise _there(public)
    _write(file, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how), 0o600)
    _write(public, found.public.pem.encode("ascii"), 0o644)
    return found


def _write(file: Path, data: bytes, mode: int) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with open(descriptor, "wb") as stream:
            os.fchmod(descriptor, mode)
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
    except FileExistsError:
        raise _there(file) from None
    except OSError as error:
        raise SignatureError(f"cannot write {file}: {error.strerror}") from error


def _there(file: Path) -> SignatureError:
    hint = "No key is replaced: a lost one signs nothing any more. Give another name: --out FILE."
    return SignatureError(f"{file} is there already", hint=hint)
