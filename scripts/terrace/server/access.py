"""The access log: a line of JSON for each request, without what could be secret in it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import NamedTuple, TextIO
from urllib.parse import parse_qsl

import orjson

_SAID = frozenset({"tenant", "environment", "service", "format", "provenance", "limit"})
"""The parameters that are logged. Whatever else stands in a query is nobody's business, and may be a token."""

_LONGEST = 200


class Access(NamedTuple):
    """One request, when it is over."""

    request: str
    client: str
    caller: str
    method: str
    path: str
    query: bytes
    status: int
    sent: int
    seconds: float


def line(access: Access, now: datetime) -> str:
    """The line of a request. What would move a terminal's cursor, or change its colours, stands in it as `\\u001b`."""
    pairs = parse_qsl(access.query.decode("latin-1"), keep_blank_values=True, max_num_fields=None)
    record = {
        "time": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "request": access.request,
        "client": access.client,
        "caller": access.caller,
        "method": access.method,
        "path": access.path[:_LONGEST],
        "query": {name: value[:_LONGEST] for name, value in pairs if name in _SAID},
        "status": access.status,
        "bytes": access.sent,
        "seconds": round(access.seconds, 4),
    }
    return _harmless(orjson.dumps(_text(record)).decode("utf-8")) + "\n"


def write(access: Access, stream: TextIO | None = None) -> None:
    """Put the line of a request onto standard error."""
    print(line(access, datetime.now(UTC)), end="", file=stream or sys.stderr, flush=True)


def _text(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return {name: _text(inner) for name, inner in value.items()} if isinstance(value, dict) else value


def _harmless(text: str) -> str:
    """`text` with every character above ASCII that does not print (C1 controls, text directions) written out."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[index]:02x}{units[index + 1]:02x}" for index in range(0, len(units), 2))
