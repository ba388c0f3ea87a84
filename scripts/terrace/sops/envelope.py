"""One encrypted value: `ENC[AES256_GCM,data:...,iv:...,tag:...,type:...]`."""

from __future__ import annotations

import re
from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, NamedTuple

from terrace.sops.scalars import Typed, float_text, rfc3339, text_or_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PREFIX = "ENC["
COMMENT = "comment"
NONCE_BYTES = 32
_TAG_BYTES = 16
_BASE64 = "([A-Za-z0-9+/]+={0,2})"
# A literal block leaves a line break at the end.
_FORM = re.compile(rf"ENC\[AES256_GCM,data:{_BASE64},iv:{_BASE64},tag:{_BASE64},type:([a-z]+)\]\s*")
_BEFORE_ONE = frozenset("AEIMQUYcgkosw048")
_BEFORE_TWO = frozenset("AQgw")
_LABELS = frozenset(("str", "int", "float", "bool", "time", COMMENT))
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = {"NaN": "NaN", "+Inf": "+Inf", "Inf": "+Inf", "-Inf": "-Inf"}
_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), "True"),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), "False"),
}
_INT64 = range(-(2**63), 2**63)
_LONGEST_INT = 40


class Envelope(NamedTuple):
    """An encrypted value: `label` is its type, in the open and not authenticated."""

    data: bytes
    iv: bytes
    tag: bytes
    label: str


class EnvelopeError(ValueError):
    """What stands there is no encrypted value, or does not decrypt; the message says why."""


def parse(text: str) -> Envelope:
    """The parts of an encrypted value. Raises EnvelopeError for everything that SOPS does not write."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise EnvelopeError("this is not an encrypted value, though it begins like one")
    data, iv, tag, label = match.groups()
    if label not in _LABELS:
        raise EnvelopeError(f"an encrypted value of the type {label!r} is not known")
    try:
        envelope = Envelope(_decode(data), _decode(iv), _decode(tag), label)
    except NotBase64:
        raise EnvelopeError("a part of the encrypted value is not base64") from None
    if len(envelope[2]) != _TAG_BYTES or not 8 <= len(envelope[1]) <= 128:
        raise EnvelopeError("a part of the encrypted value has a wrong length")
    return envelope


def _decode(text: str) -> bytes:
    # Before padding a character has bits that mean nothing; whoever flipped one is refused as for any other.
    if text[-1] == "=" and (text[-3:-2] not in _BEFORE_TWO if text[-2:] == "==" else text[-2:-1] not in _BEFORE_ONE):
        raise NotBase64
    return a2b_base64(text, strict_mode=True)


def write(envelope: Envelope) -> str:
    """An encrypted value as it stands in a file."""
    data, iv, tag = (b2a_base64(part, newline=False).decode() for part in envelope[:3])
    return f"ENC[AES256_GCM,data:{data},iv:{iv},tag:{tag},type:{envelope.label}]"


def aad(path: Sequence[str]) -> bytes:
    """What binds an encrypted value to its place: the keys on the way to it. Indexes of lists take no part."""
    return (":".join(path) + ":").encode("utf-8")


def cipher(data_key: bytes) -> AESGCM:
    """The cipher of a file's data key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(data_key)


def decrypt(envelope: Envelope, key: AESGCM, bound_to: bytes) -> bytes:
    """The bytes that were encrypted. Raises EnvelopeError where key, place, or a single bit do not fit."""
    try:
        return key.decrypt(envelope.iv, envelope.data + envelope.tag, bound_to)
    except _invalid_tag():
        raise EnvelopeError("the encrypted value does not fit its place or key, or was changed") from None


def _invalid_tag() -> type[Exception]:
    # Asked for only when something was raised: an import for every value would cost as much as decrypting it.
    from cryptography.exceptions import InvalidTag

    return InvalidTag


def encrypt(data: bytes, label: str, key: AESGCM, bound_to: bytes, nonce: bytes | None = None) -> Envelope:
    """`data` encrypted, with a nonce of its own unless one is given."""
    if nonce is None:
        from os import urandom

        nonce = urandom(NONCE_BYTES)
    sealed = key.encrypt(nonce, data, bound_to)
    return Envelope(sealed[:-_TAG_BYTES], nonce, sealed[-_TAG_BYTES:], label)


def read(data: bytes, label: str) -> Typed:
    """The value that decrypted bytes are by their label. Raises EnvelopeError where the two do not fit."""
    if label == "str":
        return text_or_bytes(data)
    text = data.decode("ascii", "replace")
    found: str | None = None
    if label == "int" and len(text) <= _LONGEST_INT and _INTEGER.fullmatch(text) and int(text) in _INT64:
        return Typed("int", str(int(text)))
    if label == "bool" and (found := _BOOLS.get(text)) is not None:
        return Typed("bool", found)
    if label == "time" and (found := rfc3339(text)) is not None:
        return Typed("time", found)
    if label == "float" and (found := _SPECIAL.get(text) or _finite(text)) is not None:
        return Typed("float", found)
    raise EnvelopeError(f"the value is labelled {label!r} and is none")


def _finite(text: str) -> str | None:
    if _FLOAT.fullmatch(text) is None:
        return None
    written = float_text(float(text))
    return None if written in _SPECIAL else written
