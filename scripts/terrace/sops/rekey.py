"""Other recipients for a file, and a new data key."""

from __future__ import annotations

import re
from os import urandom
from typing import TYPE_CHECKING

from terrace.sops import envelope, keys
from terrace.sops.document import read
from terrace.sops.envelope import EnvelopeError
from terrace.sops.errors import NeedsBinaryError, NotWritableError
from terrace.sops.opened import open_, open_with
from terrace.sops.place import Splice, apply, end_of, entry, in_lines, start_of, value_region
from terrace.sops.sealing import bom, readable, signed
from terrace.sops.splice import same
from terrace.sops.write import stanza_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from terrace.sops.document import File
    from terrace.sops.identities import Identities
    from terrace.sops.opened import Opened

_COMMENT = re.compile(r"#(ENC\[AES256_GCM,\S*?,type:comment\])")


def rewrapped(opened: Opened, recipients: Sequence[str], *, held: Mapping[str, str] | None = None) -> str:
    """The file's text with its data key wrapped for exactly `recipients`; values, time and MAC stay as they are.

    With the same recipients it is the old text. Whoever is left out still knows the data key: rotate it too.
    `held` are data keys that are wrapped already, by recipient; they are taken as they are.
    """
    if sorted(opened.metadata.recipients) == sorted(recipients):
        return opened.file.text
    file = opened.file
    text = bom(file) + apply(file.body, _stanzas(file, _wrapped(opened._data_key, recipients, held or {})))
    result = open_with(readable(read(text), opened.name), opened._data_key, name=opened.name)
    _exactly(result, opened, recipients)
    return text


def _wrapped(data_key: bytes, recipients: Sequence[str], held: Mapping[str, str]) -> list[tuple[str, str]]:
    missing = [recipient for recipient in recipients if recipient not in held]
    # Without any recipient at all, this is where it is refused.
    new = dict(keys.wrap(data_key, missing)) if missing or not recipients else {}
    return [(recipient, held.get(recipient) or new[recipient]) for recipient in recipients]


def rotated(opened: Opened, recipients: Sequence[str], now: datetime) -> str:
    """The file's text under a new data key for exactly `recipients`, read back and verified.

    Every value is encrypted anew with the nonce that it had, as SOPS does: in Git an unchanged secret is still known
    by its nonce. Encrypted comments come along.
    """
    file = opened.file
    data_key = urandom(keys.DATA_KEY_BYTES)
    old, new = envelope.cipher(opened._data_key), envelope.cipher(data_key)
    splices = [*_stanzas(file, keys.wrap(data_key, recipients)), *_values(opened, old, new), *_comments(file, old, new)]
    result = signed(bom(file) + apply(file.body, splices), data_key, now, opened.name)
    _exactly(result, opened, recipients)
    return result.file.text


def _exactly(result: Opened, opened: Opened, recipients: Sequence[str]) -> None:
    if result.metadata.recipients != tuple(recipients) or not same(list(result.documents), list(opened.documents)):
        raise NotWritableError("the change would touch more than it should; nothing was written", file=opened.name)


def _stanzas(file: File, stanzas: Sequence[tuple[str, str]]) -> Iterator[Splice]:
    """New lists of recipients, in each document."""
    assert file.metadata is not None
    if file.metadata.others or len(file.metadata.groups) > 1:
        what = ", ".join(file.metadata.others) or "groups of keys"
        raise NeedsBinaryError(f"the keys of a file with {what} are changed by the sops program")
    for notes in file.notes:
        found = entry(notes, "age")
        if found is None or notes.flow_style:
            raise NeedsBinaryError("the file's list of recipients is not where SOPS writes it")
        start, end = value_region(file.body, *found)
        indent = 2 * int(found[0].start_mark.column)
        yield Splice(start, end, in_lines(file.body, ["", *stanza_lines(stanzas, indent)]).rstrip("\r\n"))


def _values(opened: Opened, old: AESGCM, new: AESGCM) -> Iterator[Splice]:
    body = opened.file.body
    for leaf in opened.file.leaves:
        sealed = leaf.envelope
        if sealed is None:
            continue
        bound_to = envelope.aad(leaf.path)
        try:
            data = envelope.decrypt(sealed, old, bound_to)
        except EnvelopeError:
            # Only a comment can get here undecrypted: SOPS too leaves it as it is.
            continue
        again = envelope.write(envelope.encrypt(data, sealed.label, new, bound_to, sealed.iv))
        start, end = start_of(leaf.node), end_of(body, leaf.node)
        quoted = body[start] in "'\""
        yield Splice(start, end, f'"{again}"' if quoted else again)


def _comments(file: File, old: AESGCM, new: AESGCM) -> Iterator[Splice]:
    """Comments of maps. The text does not say which map one belongs to; only the right one decrypts it."""
    matches = list(_COMMENT.finditer(file.body))
    if not matches:
        return
    places = {envelope.aad(leaf.path[:depth]) for leaf in file.leaves for depth in range(len(leaf.path) + 1)}
    places.add(envelope.aad(()))
    taken = [(start_of(leaf.node), end_of(file.body, leaf.node)) for leaf in file.leaves]
    for match in matches:
        if any(start <= match.start() < end for start, end in taken):
            continue
        for bound_to in places:
            try:
                sealed = envelope.parse(match[1])
                data = envelope.decrypt(sealed, old, bound_to)
            except EnvelopeError:
                continue
            again = envelope.write(envelope.encrypt(data, sealed.label, new, bound_to, sealed.iv))
            yield Splice(match.start(1), match.end(1), again)
            break


def rewrap(text: str, identities: Identities, recipients: Sequence[str], *, name: str = "") -> str:
    """The text of a file opened by `identities`, with its data key wrapped for exactly `recipients`."""
    return rewrapped(open_(text, identities, name=name), recipients)


def rotate_data_key(
    text: str, identities: Identities, recipients: Sequence[str], now: datetime, *, name: str = ""
) -> str:
    """The text of a file opened by `identities`, under a new data key for exactly `recipients`."""
    return rotated(open_(text, identities, name=name), recipients, now)
