"""Keys of signatures: private ones that sign, and files of public ones. ECDSA on the curve P-256, in PEM.

`cryptography` is imported when a key is used: who wants no signatures does not pay for it. No message holds a key.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from terrace.bundle.signature import PAYLOAD_TYPE as _TYPE
from terrace.bundle.signature import Envelope, covered, encoded, hint_for, pae, statement
from terrace.errors import SignatureError
from terrace.model.release import BundleRef

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey

KEY, PASSPHRASE = "TERRACE_SIGNING_KEY", "TERRACE_SIGNING_PASSPHRASE_FILE"
"""The variables that name the file of the private key, and the file of its passphrase."""
_LARGEST = 1 << 20
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.S)
_CURVE = "secp256r1"
MAKE = "Make one with terrace keys create."


class SigningKey:
    """A private key, which signs bundles. Nothing that prints it shows more than its file."""

    def __init__(self, name: str, key: EllipticCurvePrivateKey) -> None:
        self.name = name
        self._key = key

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r})"

    @property
    def public(self) -> PublicKey:
        """The key that verifies what this one signs."""
        return PublicKey(self.name, self._key.public_key())

    def sign(self, ref: BundleRef, provenance: bytes) -> bytes:
        """The `signature.json` of the bundle `ref`, whose `provenance.json` has these bytes; empty if it has none.

        The same bundle and key give the same bytes, where the OpenSSL that is here can do RFC 6979.
        """
        payload = statement(ref, covered(ref, provenance))
        return encoded(Envelope(payload, self._key.sign(pae(_TYPE, payload), _algorithm()), self.public.hint))


class PublicKey(NamedTuple):
    """A key that verifies, and by which name or from which file it is trusted."""

    name: str
    key: EllipticCurvePublicKey

    @property
    def der(self) -> bytes:
        """Its SubjectPublicKeyInfo."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def pem(self) -> str:
        """The same in PEM."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")

    @property
    def hint(self) -> str:
        """What names it in a signature."""
        return hint_for(self.der)

    def made(self, envelope: Envelope) -> bool:
        """Whether this key made the signature of `envelope`."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            self.key.verify(envelope.signature, envelope.signed, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def read_private(file: Path, passphrase: Path | None = None) -> SigningKey:
    """The private key in `file`, opened with the passphrase that the file `passphrase` holds, if it has one.

    Where none is given, a variable may name it.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if passphrase is None and os.environ.get(PASSPHRASE):
        passphrase = Path(os.environ[PASSPHRASE])
    data = _read(file, "the signing key")
    encrypted = b"ENCRYPTED" in data
    if encrypted and passphrase is None:
        hint = f"Give the file that holds it: --sign-passphrase FILE, or {PASSPHRASE}."
        raise SignatureError(f"the signing key {file} is encrypted, and no passphrase is given", hint=hint)
    if b"-----BEGIN PUBLIC KEY-----" in data:
        raise SignatureError(f"{file} holds a public key, and signing takes the private one", hint=MAKE)
    # A key without a passphrase needs none, whatever is given for another one.
    secret = passphrase_in(passphrase) if encrypted else None
    try:
        key = load_pem_private_key(data, secret)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        # Without what came before: its words are the library's, and nobody has judged what they show.
        why = f"the passphrase does not open the signing key {file}" if encrypted else f"{file} holds no private key"
        raise SignatureError(why, hint="" if encrypted else f"{MAKE} It is in PEM.") from None
    if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name != _CURVE:
        raise _other_kind(str(file), key)
    return SigningKey(str(file), key)


def in_variables() -> SigningKey | None:
    """The key that the variables of this process name; None if they name none."""
    file = os.environ.get(KEY, "")
    return read_private(Path(file)) if file else None


def public_keys(text: str, where: str) -> list[PublicKey]:
    """The public keys that stand in `text`, one PEM block after the other. An error names `where`."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    found = []
    for block in _BLOCK.finditer(text):
        if block[1] != "PUBLIC KEY":
            what = "a private key" if "PRIVATE" in block[1] else f"a {block[1].lower()}"
            raise SignatureError(f"{where} holds {what}, and only public keys belong there", hint=MAKE)
        try:
            key = load_pem_public_key(block[0].encode("ascii"))
        except (ValueError, UnsupportedAlgorithm):
            raise SignatureError(f"{where} holds a public key that cannot be read", hint=MAKE) from None
        if not isinstance(key, EllipticCurvePublicKey) or key.curve.name != _CURVE:
            raise _other_kind(where, key)
        found.append(PublicKey(where, key))
    if not found:
        raise SignatureError(f"{where} holds no public key", hint=f"{MAKE} It writes the public one beside it: .pub")
    return found


def public_keys_in(file: Path) -> list[PublicKey]:
    """The public keys in `file`."""
    return public_keys(_read(file, "the public keys").decode("utf-8", "replace"), str(file))


def _algorithm() -> ECDSA:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        return ECDSA(SHA256(), deterministic_signing=True)
    except UnsupportedAlgorithm:
        return ECDSA(SHA256())


def _other_kind(where: str, key: object) -> SignatureError:
    curve = getattr(getattr(key, "curve", None), "name", "")
    kind = f"ECDSA on {curve}" if curve else type(key).__name__.removesuffix("PrivateKey").removesuffix("PublicKey")
    return SignatureError(f"{where} holds a key for {kind}, and bundles are signed by ECDSA on P-256", hint=MAKE)


def passphrase_in(file: Path | None) -> bytes | None:
    """The passphrase in `file`; None where no file is named."""
    if file is None:
        return None
    secret = _read(file, "the passphrase").rstrip(b"\r\n")
    if not secret:
        raise SignatureError(f"the passphrase in {file} is empty")
    return secret


def _read(file: Path, what: str) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise SignatureError(f"{what} cannot be read: {file}: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise SignatureError(f"{file} has more than {_LARGEST:,} bytes, so it does not hold {what}")
    return data
