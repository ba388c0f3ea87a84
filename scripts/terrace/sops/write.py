"""New files: values encrypted for recipients."""

from __future__ import annotations

from os import urandom
from typing import TYPE_CHECKING, Any

from terrace.sops import emit, keys, metadata, selectors
from terrace.sops.errors import NotWritableError
from terrace.sops.scalars import Timestamp
from terrace.sops.sealing import PENDING, Sealer, instant, signed
from terrace.sops.splice import same

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from terrace.sops.selectors import Selector


def create(
    values: dict[str, Any],
    recipients: Sequence[str],
    *,
    now: datetime,
    selector: Selector = selectors.EVERYTHING,
    mac_only_encrypted: bool = False,
) -> str:
    """The text of a new file that holds `values`, encrypted for `recipients`; read back and verified.

    Values are text, numbers, booleans, None, Timestamp, bytes, maps and lists of them, and Secrets around them.
    Raises NotWritableError for what SOPS could not read back.
    """
    selectors.check(selector)
    if not isinstance(values, dict):
        raise NotWritableError("a file holds a map")
    if metadata.KEY in values:
        raise NotWritableError(f"the top-level key {metadata.KEY!r} is SOPS's own", pointer=(metadata.KEY,))
    data_key = urandom(keys.DATA_KEY_BYTES)
    stanzas = keys.wrap(data_key, recipients)
    sealer = Sealer(data_key, selector, openly=True)
    version = metadata.VERSION_OF_TIMESTAMPS if _holds_time(values) else metadata.VERSION
    lines = [
        *emit.lines(values, (), 0, sealer),
        *notes(stanzas, instant(now), selector, mac_only_encrypted=mac_only_encrypted, version=version),
    ]
    opened = signed("".join(f"{line}\n" for line in lines), data_key, now)
    if not same(opened.values, values):
        raise NotWritableError("the values would not be read back as they are; nothing was written")
    return opened.file.text


def notes(
    stanzas: Sequence[tuple[str, str]], time: str, selector: Selector, *, mac_only_encrypted: bool, version: str
) -> Iterator[str]:
    """The lines of the metadata, sorted as SOPS does since 3.13; the MAC is still to come."""
    space = " " * emit.INDENT
    fields = [
        f'lastmodified: "{time}"',
        f"mac: {PENDING}",
        *(["mac_only_encrypted: true"] if mac_only_encrypted else []),
        f"{selector.kind}: {emit.text(selector.pattern)}",
        f"version: {version}",
    ]
    yield f"{metadata.KEY}:"
    before = [field for field in fields if field < "age"]
    yield from (f"{space}{field}" for field in before)
    yield f"{space}age:"
    yield from stanza_lines(stanzas, 2 * emit.INDENT)
    yield from (f"{space}{field}" for field in sorted(fields) if field not in before)


def stanza_lines(stanzas: Sequence[tuple[str, str]], indent: int) -> Iterator[str]:
    """The lines of a list of recipients."""
    space = " " * indent
    for recipient, enc in stanzas:
        yield f"{space}- enc: |"
        yield from (f"{space}{' ' * emit.INDENT}{line}" for line in enc.splitlines())
        yield f"{space}  recipient: {recipient}"


def _holds_time(value: object) -> bool:
    from terrace.model.secret import Secret

    if isinstance(value, Secret):
        value = value.reveal()
    if isinstance(value, dict):
        return any(map(_holds_time, value.values()))
    return any(map(_holds_time, value)) if isinstance(value, (list, tuple)) else isinstance(value, Timestamp)
