"""Places in files: spans, locations, and documents that know where each of their values stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from terrace.errors import UsageError

Pointer = tuple[str | int, ...]
"""The way from the root of a document to a value: map keys as str, list indexes as int."""


class Span(NamedTuple):
    """A stretch of text. Lines and columns count from 1; a column counts characters, as editors show them."""

    line: int
    column: int
    end_line: int
    end_column: int


class Location(NamedTuple):
    """A place in the repository: a path relative to its root, with `/`, and a span (None: the whole file)."""

    path: str
    span: Span | None = None

    def __str__(self) -> str:
        return self.path if self.span is None else f"{self.path}:{self.span.line}:{self.span.column}"


class Spans(NamedTuple):
    """Where one entry stands: its key (None in a list) and its value."""

    key: Span | None
    value: Span


class Document:
    """One YAML mapping that was read strictly, and where each part of it stands.

    Positions are found when somebody asks: most documents are read, merged and never pointed at.
    """

    __slots__ = ("_locate", "_spans", "path", "text", "value")

    def __init__(
        self, path: str, text: str, value: dict[str, Any], locate: Callable[[str], dict[Pointer, Spans]]
    ) -> None:
        self.path = path
        self.text = text
        self.value = value
        self._locate = locate
        self._spans: dict[Pointer, Spans] | None = None

    @property
    def spans(self) -> dict[Pointer, Spans]:
        """Every entry's place, by pointer; the root is `()`."""
        if self._spans is None:
            self._spans = self._locate(self.text)
        return self._spans

    def at(self, pointer: Pointer, *, key: bool = False) -> Location:
        """The place of the value at `pointer` (of its key, if asked); of its nearest parent where it is not set."""
        spans = self.spans
        while pointer not in spans and pointer:
            pointer = pointer[:-1]
        found = spans.get(pointer)
        if found is None:
            return Location(self.path, Span(1, 1, 1, 1))
        return Location(self.path, found.key if key and found.key is not None else found.value)


def dotted(pointer: Pointer) -> str:
    """`pointer` as people write it: `database.pool_size`, `cors.origins[0]`, `labels."a.b"`."""
    parts: list[str] = []
    for part in pointer:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        else:
            plain = part if part and not set(part) & set('."[]') else '"' + part.replace('"', '\\"') + '"'
            parts.append(f".{plain}" if parts else plain)
    return "".join(parts)


def json_pointer(pointer: Pointer) -> str:
    """`pointer` as a JSON Pointer (RFC 6901): `/database/pool_size`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in pointer)


def parse_path(text: str) -> Pointer:
    """`database.pool_size`, `cors.origins[0]`, `labels."a.b"` or a JSON Pointer, as the way to a value."""
    if text.startswith("/"):
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/"))
    return tuple(_parts(text))


def _parts(text: str) -> Iterator[str | int]:
    rest = text
    while rest:
        if rest[0] == '"':
            end = rest.find('"', 1)
            if end < 0:
                raise UsageError(f"the quotes in {text!r} do not close")
            yield rest[1:end]
            rest = rest[end + 1 :]
        elif rest[0] == "[":
            index, closed, rest = rest[1:].partition("]")
            if not closed or not index.isdigit():
                raise UsageError(f"{text!r} is not a path", hint="An item of a list is written as cors.origins[0].")
            yield int(index)
        else:
            end = min((i for i in (rest.find("."), rest.find("[")) if i >= 0), default=len(rest))
            yield rest[:end]
            rest = rest[end:]
        rest = rest.removeprefix(".")
