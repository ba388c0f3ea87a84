"""The data key of a file: opened with identities, and wrapped for recipients, by age."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrace.sops.errors import DamagedError, NeedsBinaryError, NoKeyError, NotWritableError
from terrace.sops.shamir import combine

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyrage

    from terrace.sops.identities import Identities, Identity
    from terrace.sops.metadata import Group, Metadata, Stanza

DATA_KEY_BYTES = 32


def unwrap(metadata: Metadata, identities: Identities) -> bytes:
    """The data key. Raises NoKeyError, or NeedsBinaryError where the `sops` program could know more."""
    if len(metadata.groups) == 1:
        part = _of_group(metadata.groups[0], identities)
        if part is None:
            raise _no_key(metadata, identities, "no identity at hand opens this file")
        return _checked(part, DATA_KEY_BYTES)
    parts = [part for group in metadata.groups if (part := _of_group(group, identities)) is not None]
    if len(parts) < metadata.threshold:
        many = f"{metadata.threshold} of the file's {len(metadata.groups)} groups of keys are needed"
        raise _no_key(metadata, identities, f"{many}, and identities at hand open {len(parts)}")
    return combine([_checked(part, DATA_KEY_BYTES + 1) for part in parts[: metadata.threshold]])


def _checked(part: bytes, length: int) -> bytes:
    if len(part) != length:
        raise DamagedError("the file's data key has a wrong length")
    return part


def _of_group(group: Group, identities: Identities) -> bytes | None:
    """What the group's keys wrap, None where no identity fits. The stanza says for whom it is, and may be wrong."""
    rest: list[tuple[Stanza, Sequence[Identity]]] = []
    for stanza in group.age:
        named = [identity for identity in identities.usable if identity.recipient == stanza.recipient]
        if named and (part := _open(stanza, named)) is not None:
            return part
        rest.append((stanza, [identity for identity in identities.usable if identity not in named]))
    for stanza, others in rest:
        if others and (part := _open(stanza, others)) is not None:
            return part
    return None


def _open(stanza: Stanza, identities: Sequence[Identity]) -> bytes | None:
    import pyrage

    # age in Go takes line breaks before the armour, pyrage does not.
    sealed = stanza.enc.lstrip("\r\n").encode("utf-8")
    try:
        return bytes(pyrage.decrypt(sealed, [identity.key for identity in identities]))
    except pyrage.DecryptError:
        return None


def _no_key(metadata: Metadata, identities: Identities, message: str) -> NoKeyError | NeedsBinaryError:
    foreign = [*identities.foreign, *(f"the key {other}" for other in metadata.others)]
    if foreign:
        more = f"; the sops program could try {', '.join(foreign)}"
        return NeedsBinaryError(message + more, hint=identities.described())
    who = ", ".join(metadata.recipients)
    return NoKeyError(f"{message}; it is encrypted for {who}", hint=identities.described())


def wrap(data_key: bytes, recipients: Sequence[str]) -> list[tuple[str, str]]:
    """Each recipient with the data key encrypted for it, as armoured text."""
    import pyrage

    if not recipients:
        raise NotWritableError("no recipient is named: nobody could open the file")
    if len(set(recipients)) != len(recipients):
        raise NotWritableError("a recipient is named twice")
    return [
        (recipient, pyrage.encrypt(data_key, [_public(recipient)], armored=True).decode("ascii"))
        for recipient in recipients
    ]


def check_recipient(recipient: str) -> None:
    """Raise NotWritableError for a recipient that cannot be wrapped for here."""
    _public(recipient)


def _public(recipient: str) -> pyrage.x25519.Recipient | pyrage.ssh.Recipient:
    import pyrage

    if recipient.startswith("age1pq1") or (recipient.startswith("age1") and "1" in recipient[4:]):
        # An ordinary one has its only '1' behind 'age': bech32 uses no other.
        raise NotWritableError(
            f"the recipient {recipient[:24]}... belongs to a plugin or is post-quantum",
            hint="Only the sops program encrypts for it.",
        )
    try:
        if recipient.startswith("ssh-"):
            return pyrage.ssh.Recipient.from_str(recipient)
        return pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        # Whoever mixes the two up has a private key here.
        shown = repr(recipient[:80]) if recipient.startswith(("age1", "ssh-")) else "what was given"
        raise NotWritableError(
            f"{shown} is no recipient",
            hint="Recipients are age1..., ssh-ed25519 ... or ssh-rsa ...",
        ) from None
