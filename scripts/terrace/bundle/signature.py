"""The signature beside a bundle, `signature.json`: who vouches for its manifest and its provenance.

It is what other tools read, and each layer of it is somebody's specification:

- a *Sigstore bundle* v0.3, https://docs.sigstore.dev/about/bundle/ (in JSON: `mediaType`, `verificationMaterial` with a
  `publicKey` and its `hint`, `dsseEnvelope`);
- in it a *DSSE envelope* 1.0, https://github.com/secure-systems-lab/dsse (`payload`, `payloadType`, and
  `signatures` with one `sig`, over PAE(payloadType, payload));
- in that an *in-toto Statement* v1, https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md (`_type`,
  `subject`, `predicateType`, `predicate`), whose subjects are `manifest.json` and `provenance.json` by their SHA-256.

The signature is ECDSA on P-256 over SHA-256, in DER. There is no `keyid`, for verifiers refuse one they do not know,
and no entry of a transparency log: the keys are ours, and the names of what runs are nobody's business.
"""

from __future__ import annotations

import hashlib
from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from terrace.bundle.canonical import canonical
from terrace.bundle.manifest import FORMAT, MANIFEST, PROVENANCE, SIGNATURE, load_object
from terrace.errors import BundleError, SignatureError
from terrace.model.release import BundleRef

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:terrace:bundle:v1"
_REBUILD = "Sign it again with terrace build --sign, or copy it again from where it came from."


class Envelope(NamedTuple):
    """What stands in `signature.json`. Nothing of `payload` is true before `signature` was verified over `signed`.

    `hint` says which key it was, in the words of who wrote it: the SHA-256 of the public key in DER, in base64.
    """

    payload: bytes
    signature: bytes
    hint: str

    @property
    def signed(self) -> bytes:
        """The bytes that were signed."""
        return pae(PAYLOAD_TYPE, self.payload)


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding of a payload and its type."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def statement(ref: BundleRef, covered: Mapping[str, str]) -> bytes:
    """What is signed of a bundle: the SHA-256 of each file that is `covered`, and whose bundle it is."""
    return canonical({
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in sorted(covered.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": {"format": FORMAT, "environment": ref.environment, "service": ref.service},
    })  # fmt: skip


def covered(ref: BundleRef, provenance: bytes) -> dict[str, str]:
    """The SHA-256 of what a signature of the bundle `ref` has to cover; `provenance` is empty where there is none.

    Every other file is covered by these: those of the content are listed in the manifest, those that say where values
    were set in `provenance.json`.
    """
    files = {MANIFEST: ref.digest.removeprefix("sha256:")}
    return {**files, PROVENANCE: hashlib.sha256(provenance).hexdigest()} if provenance else files


def encoded(envelope: Envelope) -> bytes:
    """The bytes of `signature.json`."""
    return canonical({
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": envelope.hint}},
        "dsseEnvelope": {
            "payload": _base64(envelope.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": _base64(envelope.signature)}],
        },
    })  # fmt: skip


def decoded(data: bytes, where: str) -> Envelope:
    """The envelope in `data`, as it stands there. Raises `SignatureError` that names `where` if it is none."""
    try:
        raw = load_object(data, where)
        envelope = raw["dsseEnvelope"]
        kinds = raw["mediaType"], envelope["payloadType"]
        (signature,) = envelope["signatures"]
        found = Envelope(
            a2b_base64(envelope["payload"], strict_mode=True),
            a2b_base64(signature["sig"], strict_mode=True),
            str(raw["verificationMaterial"]["publicKey"]["hint"]),
        )
    except (BundleError, KeyError, TypeError, ValueError, NotBase64) as error:
        raise SignatureError(f"{where} is no signature of a bundle", hint=_REBUILD) from error
    if kinds != (MEDIA_TYPE, PAYLOAD_TYPE):
        raise SignatureError(f"{where} is a signature of a kind that is not known: {kinds[0]!s:.80}", hint=_REBUILD)
    return found


def disagreements(envelope: Envelope, ref: BundleRef, provenance: bytes) -> Iterator[str]:
    """In what the statement differs from the bundle that it stands beside, a line each. No key is asked here."""
    try:
        said = load_object(envelope.payload, SIGNATURE)
        names = {str(each["name"]): str(each["digest"]["sha256"]) for each in said["subject"]}
        whole = len(names) == len(said["subject"])
        kinds = said["_type"], said["predicateType"]
        owner = said["predicate"]["service"], said["predicate"]["environment"]
    except (BundleError, KeyError, TypeError, AttributeError):
        yield f"{SIGNATURE} does not say what was signed"
        return
    if kinds != (STATEMENT_TYPE, PREDICATE_TYPE) or not whole:
        yield f"{SIGNATURE} does not say what was signed in a way that is known"
        return
    if owner != (ref.service, ref.environment):
        yield f"{SIGNATURE} is of {owner[0]!s:.80} in {owner[1]!s:.80}, not of {ref.service} in {ref.environment}"
    yield from _differing(names, covered(ref, provenance))


def _differing(said: Mapping[str, str], there: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(said.keys() | there.keys()):
        if name not in there:
            yield f"{name} was signed, and is missing" if name == PROVENANCE else f"{SIGNATURE} signs {name!r:.80} too"
        elif name not in said:
            yield f"{name} is not among what was signed"
        elif said[name] != there[name]:
            yield f"{name} is not the one that was signed"


def hint_of(data: bytes) -> str:
    """Which key a `signature.json` says it was made with; empty if it says nothing."""
    try:
        return decoded(data, SIGNATURE).hint
    except SignatureError:
        return ""


def fingerprint(hint: str) -> str:
    """A key's hint, short, as people compare it: `sha256:` and the first 16 digits."""
    try:
        return "sha256:" + a2b_base64(hint, strict_mode=True).hex()[:16]
    except ValueError:
        return ""


def hint_for(der: bytes) -> str:
    """What names the public key whose SubjectPublicKeyInfo is `der`."""
    return _base64(hashlib.sha256(der).digest())


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode("ascii")
