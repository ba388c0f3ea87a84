"""What one version of a file takes over from another: values and recipients, as ciphertext where that can be."""

from __future__ import annotations

import re
from collections import Counter
from hmac import compare_digest
from typing import TYPE_CHECKING

from terrace.sops import envelope
from terrace.sops.document import read
from terrace.sops.envelope import EnvelopeError
from terrace.sops.opened import open_refusing
from terrace.sops.place import end_of, start_of
from terrace.sops.rekey import rewrapped, rotated
from terrace.sops.splice import _known, _scalars, changed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from terrace.model.source import Pointer
    from terrace.sops.document import File
    from terrace.sops.opened import Opened
    from terrace.sops.scalars import Typed
    from terrace.sops.splice import Known

_COMMENT = re.compile(r"#([^\r\n]*)")


def open_like(text: str, other: Opened, *, name: str = "") -> Opened:
    """The values of a version of an opened file, by the same data key. Raises TamperedError where it has another."""
    return open_refusing(read(text), other._data_key, name=name)


def same_data_key(left: Opened, right: Opened) -> bool:
    """Whether two files are encrypted under one data key."""
    return compare_digest(left._data_key, right._data_key)


def grafted(
    host: Opened,
    donor: Opened,
    changes: Mapping[Pointer, object],
    recipients: Sequence[str],
    now: datetime,
    *,
    new_data_key: bool = False,
) -> str:
    """The text of `host` with changes that `donor` made, for exactly `recipients`; read back and verified.

    Under one data key `donor`'s ciphertext and wrapped keys are taken as they are; else its values are encrypted anew
    with the nonces that they had, so that in Git each is still known as the one that was written there.
    """
    text = changed(host, changes, now, in_the_open=True, known=_ciphertext(host, donor))
    if not new_data_key and set(host.metadata.recipients) == set(recipients):
        return text
    result = open_like(text, host, name=host.name)
    return rotated(result, recipients, now) if new_data_key else rewrapped(result, recipients, held=_held(host, donor))


def comments(file: File) -> Counter[str]:
    """The comments of a file, each by its text, an encrypted one by its nonce: how often each is there."""
    found = (_named(match[1].strip()) for gap in _gaps(file) for match in _COMMENT.finditer(gap))
    inside = (leaf.envelope.iv.hex() for leaf in file.leaves if leaf.is_comment and leaf.envelope)
    return Counter((*found, *inside))


def _ciphertext(host: Opened, donor: Opened) -> Known:
    """The encrypted values of `donor` as they can stand in `host`."""
    if same_data_key(host, donor):
        return _known(donor)
    key, taken = envelope.cipher(host._data_key), {leaf.envelope.iv for leaf in host.file.leaves if leaf.envelope}
    known: dict[tuple[tuple[str, ...], Typed], str] = {}
    for leaf, found in zip(donor.file.leaves, donor._plain, strict=True):
        # One nonce never serves two values under one key.
        if leaf.envelope is None or found is None or leaf.envelope.iv in taken:
            continue
        taken.add(leaf.envelope.iv)
        data = found.text if isinstance(found.text, bytes) else found.text.encode("utf-8")
        sealed = envelope.encrypt(data, leaf.envelope.label, key, envelope.aad(leaf.path), leaf.envelope.iv)
        known[leaf.path, found] = envelope.write(sealed)
    return known


def _held(host: Opened, donor: Opened) -> dict[str, str]:
    """The data key as it is wrapped already, by recipient."""
    sources = (donor, host) if same_data_key(host, donor) else (host,)
    groups = (group for source in sources for group in source.metadata.groups)
    return {stanza.recipient: stanza.enc for group in groups for stanza in group.age}


def _gaps(file: File) -> Iterator[str]:
    """What stands between the scalars of a file: structure, and comments."""
    done = 0
    places = {(start_of(leaf), end_of(file.body, leaf)) for root in file.roots for leaf in _scalars(root)}
    for start, end in sorted(places):
        yield file.body[done:start]
        done = max(done, end)
    yield file.body[done:]


def _named(comment: str) -> str:
    try:
        return envelope.parse(comment).iv.hex()
    except EnvelopeError:
        return comment
