"""Who is trusted to sign bundles, and whether one of them signed this one.

Trust never comes from the bundle: whoever reads it brings the keys along. Files of keys are read at each question, so
that a key that is added or taken out counts from the next bundle on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from terrace.bundle.manifest import SIGNATURE
from terrace.bundle.reader import Bundle
from terrace.bundle.signature import decoded, disagreements, fingerprint
from terrace.errors import SignatureError

if TYPE_CHECKING:
    from terrace.bundle.keys import PublicKey

VARIABLE = "TERRACE_SIGNERS"
_PEM = "-----BEGIN "


class Signer(NamedTuple):
    """One that is trusted: a file of public keys, or keys in PEM under a name."""

    name: str
    pem: str | None = None

    def public_keys(self) -> list[PublicKey]:
        """Its public keys, as they are now."""
        from terrace.bundle.keys import public_keys, public_keys_in

        return public_keys_in(Path(self.name)) if self.pem is None else public_keys(self.pem, self.name)


Signers = tuple[Signer, ...]
ANYBODY: Signers = ()
"""No signature is asked for."""


def signers_of(said: Iterable[str | os.PathLike[str]], where: str) -> Signers:
    """Those that are `said`, each as a file's path or as PEM; raises `SignatureError` if one of them is no key."""
    texts = [os.fspath(each) for each in said]
    found = tuple(Signer(where, text) if _PEM in text else Signer(text) for text in texts)
    checked(found)
    return found


def in_variable(text: str) -> Signers:
    """Those that `TERRACE_SIGNERS` names: PEM, or the paths of files with a colon between."""
    if not text.strip():
        hint = "Take the variable away where no signature is wanted: that it is empty may be a mistake."
        raise SignatureError(f"{VARIABLE} is set, and names no key", hint=hint)
    return signers_of([text] if _PEM in text else [path for path in text.split(os.pathsep) if path], VARIABLE)


def named(keys: Mapping[str, str]) -> Signers:
    """Those that an environment names: PEM by name."""
    return tuple(Signer(name, pem) for name, pem in keys.items())


def checked(signers: Sequence[Signer]) -> None:
    """Raise `SignatureError` with words if a key of `signers` cannot be read, or is of another kind."""
    for signer in signers:
        signer.public_keys()


def check(bundle: Bundle, signers: Sequence[Signer]) -> str:
    """Who of `signers` signed `bundle`, with the key's fingerprint. Raises `SignatureError` if none did.

    The signature has to be for the manifest and the provenance that `bundle` has read, and for its own environment and
    service. What else is in the bundle is compared with these when it is read.
    """
    where = bundle.folder
    data = bundle.signature
    if not data:
        raise SignatureError(f"{where} is not signed, and a signature is wanted", hint=_unsigned(str(where)))
    envelope = decoded(data, f"{where}/{SIGNATURE}")
    keys = [key for signer in signers for key in signer.public_keys()]
    signer = next((key for key in keys if key.made(envelope)), None)
    if signer is None:
        names = ", ".join(dict.fromkeys(key.name for key in keys))
        hint = f"It says that it was signed by the key {fingerprint(envelope.hint) or 'of nobody'}."
        raise SignatureError(f"{where} is signed by none of those who are trusted: {names}", hint=hint)
    wrong = list(disagreements(envelope, bundle.ref, bundle.provenance_data))
    if wrong:
        hint = "It was changed after it was signed, or is put together from several bundles."
        raise SignatureError(f"{where}: {wrong[0]}", hint=hint)
    return f"{signer.name} ({fingerprint(signer.hint)})"


def is_signed_by(bundle: Bundle, signers: Sequence[Signer]) -> bool:
    """Whether one of `signers` signed `bundle`."""
    try:
        check(bundle, signers)
    except SignatureError:
        return False
    return True


def _unsigned(where: str) -> str:
    if where.startswith(("http:", "https:")):
        return (
            "A token that is limited to tenants gets a part of a bundle, which no signature covers: give one that may "
            "read all tenants, or let the server check them (terrace serve --signers)."
        )
    return "Sign it when it is made: terrace deploy --sign FILE, or terrace build --sign FILE."
