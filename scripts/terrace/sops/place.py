"""Where in the text of a file a value stands, to the character, and what stands around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from terrace.sops.errors import NotWritableError
from terrace.yamlio.untyped import CollectionNode, MappingNode, Node, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Iterable

_BLANK = " \t\r\n"


class Splice(NamedTuple):
    """Characters `start` to `end` become `new`."""

    start: int
    end: int
    new: str


class HardError(NotWritableError):
    """A change that cannot be made at this place; it can be one level further up."""


def apply(body: str, splices: Iterable[Splice]) -> str:
    """The text with all splices made. They must not overlap; equal ones are made once."""
    parts: list[str] = []
    done = 0
    for start, end, new in sorted(set(splices)):
        if start < done:
            raise NotWritableError("two changes meet at one place: the file uses an alias there")
        parts += (body[done:start], new)
        done = end
    return "".join((*parts, body[done:]))


def entry(node: MappingNode, name: str) -> tuple[Node, Node] | None:
    """The nodes of a key and its value."""
    for key, value in node.value:
        if isinstance(key, ScalarNode) and key.value == name:
            return key, value
    return None


def start_of(node: Node) -> int:
    """Where a node begins, its tag included."""
    index: int = node.start_mark.index
    return index


def end_of(body: str, node: Node) -> int:
    """Where a node ends: a block without what follows it, a block scalar without its last line break."""
    start, end = start_of(node), int(node.end_mark.index)
    if isinstance(node, CollectionNode) and not node.flow_style:
        last = node.value[-1] if node.value else None
        if last is None:
            return start
        return end_of(body, last[1] if isinstance(last, tuple) else last)
    return start + len(body[start:end].rstrip(_BLANK))


def value_region(body: str, key: Node, value: Node) -> tuple[int, int]:
    """From behind a key's colon to the end of its value."""
    colon = int(key.end_mark.index)
    while body[colon : colon + 1] in tuple(_BLANK):
        colon += 1
    if body[colon : colon + 1] != ":":
        raise HardError("the text between a key and its value is not understood")
    return colon + 1, max(colon + 1, end_of(body, value))


def line_start(body: str, index: int) -> int:
    """Where the line of a character begins."""
    return body.rfind("\n", 0, index) + 1


def next_line(body: str, index: int) -> int:
    """Where the line below a character begins, or the end of the text."""
    found = body.find("\n", index)
    return len(body) if found < 0 else found + 1


def in_lines(body: str, lines: Iterable[str]) -> str:
    """Lines, each with the line break that the text uses."""
    line_break = "\r\n" if "\r\n" in body else "\n"
    return "".join(f"{line}{line_break}" for line in lines)
