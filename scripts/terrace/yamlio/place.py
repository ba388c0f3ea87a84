"""Where in a text an edit happens: entries with what is around them, and the lines they stand in."""

from __future__ import annotations

from typing import NamedTuple

from terrace.yamlio.positions import Node


class Place(NamedTuple):
    """A node with its key (None in a list) and the collection it stands in (None for the root)."""

    parent: Node | None
    key: Node | None
    node: Node


class Splice(NamedTuple):
    """Characters `start` to `end` become `new`."""

    start: int
    end: int
    new: str


def line_break(text: str) -> str:
    """The line break that the text uses: that of its first line."""
    end = end_of_line(text, 0)
    return "\r\n" if text.startswith("\r\n", end) else "\n" if end >= len(text) else text[end]


def start_of_line(text: str, index: int) -> int:
    """Where the line of the character `index` begins."""
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def end_of_line(text: str, index: int) -> int:
    """Where the line of the character `index` ends, before its line break."""
    while index < len(text) and text[index] not in "\r\n":
        index += 1
    return index


def next_line(text: str, index: int) -> int:
    """Where the line below the character `index` begins, or the end of the text."""
    end = end_of_line(text, index)
    return end + (2 if text.startswith("\r\n", end) else 1 if end < len(text) else 0)
