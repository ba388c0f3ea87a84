"""Removing an entry with the comments that are its own, and the parents that it leaves empty."""

from __future__ import annotations

from terrace.yamlio.place import Place, Splice, end_of_line, next_line, start_of_line
from terrace.yamlio.positions import Node


def remove(text: str, places: list[Place]) -> list[Splice]:
    """The splices that remove the last of `places`, which lead to it from the root.

    Comment lines belong to the entry below them if they stand directly above it, in its column, with no empty line in
    between. Those that begin the file do not: they are the file's.
    """
    *above, last = places
    while last.parent is not None and len(last.parent.items) == 1:
        owner = above.pop()
        if owner.key is None:
            # The root, or an item of a list: it stays, and is empty.
            return _emptied(text, owner, last)
        last = owner
    if last.parent is None or last.key is None:
        return []
    if last.parent.style == "{":
        return [_from_brackets(last.parent, last.key)]
    return [_from_block(text, last.parent, last.key, last.node)]


def _emptied(text: str, owner: Place, last: Place) -> list[Splice]:
    if owner.node.style == "{" or last.key is None:
        return [Splice(owner.node.start, owner.node.end, "{}")]
    before = text[start_of_line(text, last.key.start) : last.key.start]
    if before.strip():
        return [Splice(last.key.start, last.node.end, "{}")]
    start, end = _lines(text, last.key, last.node)
    ends_open = end == len(text) and text[-1:] not in ("\r", "\n")
    rest = text[end_of_line(text, last.node.end) : end] if not ends_open else ""
    return [Splice(start, end, f"{before}{{}}{rest}")]


def _from_brackets(parent: Node, key: Node) -> Splice:
    index = next(number for number, (other, _) in enumerate(parent.items) if other is key)
    if index + 1 < len(parent.items):
        following = parent.items[index + 1][0]
        return Splice(key.start, following.start if following is not None else key.end, "")
    return Splice(parent.items[index - 1][1].end, parent.items[index][1].end, "")


def _from_block(text: str, parent: Node, key: Node, value: Node) -> Splice:
    index = next(number for number, (other, _) in enumerate(parent.items) if other is key)
    if text[start_of_line(text, key.start) : key.start].strip():
        # The first entry of a list's item shares its line with the dash, which the next entry takes over.
        following = parent.items[index + 1][0]
        return Splice(key.start, following.start if following is not None else key.end, "")
    start, end = _lines(text, key, value)
    if end == len(text) and text[-1:] not in ("\r", "\n") and start:
        start -= 2 if text.endswith("\r\n", 0, start) else 1
    return Splice(start, end, "")


def _lines(text: str, key: Node, value: Node) -> tuple[int, int]:
    """The lines of an entry, from its own comment lines to the end of its value."""
    start = start_of_line(text, key.start)
    own = text[start : key.start] + "#"
    first = start
    while first:
        above = start_of_line(text, first - (2 if text.endswith("\r\n", 0, first) else 1))
        if not text.startswith(own, above):
            break
        first = above
    if first == 0:
        first = start
    kept = value.tail > value.end
    return first, value.tail if kept else next_line(text, value.end)
