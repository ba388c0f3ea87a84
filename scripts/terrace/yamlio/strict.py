"""What libyaml accepts although YAML 1.2 does not, or reads differently."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from yaml.tokens import KeyToken, ScalarToken, StreamStartToken

from terrace.model.source import Span
from terrace.yamlio import libyaml
from terrace.yamlio.positions import Node

if TYPE_CHECKING:
    from yaml.tokens import Token


class Oddity(NamedTuple):
    """Something that other readers refuse or read differently. `misleads`: libyaml's own complaint is about it."""

    message: str
    hint: str
    span: Span
    misleads: bool = False


_LINE = re.compile(r"(?:\r\n|\r|\n)( *)(\t*)(.?)")
_BLOCK_HEADER = re.compile(r"[|>]([-+0-9]*)(#?)")


def sign(text: str, token: Token) -> tuple[str, str, str, Span] | None:
    """Code, message, hint and place of a comment that is glued to a token, or of a '?' that is glued to a text."""
    start, end = libyaml.marks(token)
    if isinstance(token, KeyToken) and text[start.index] == "?" and text[end.index : end.index + 1].strip():
        span = Span(start.line + 1, start.column + 1, start.line + 1, start.column + 2)
        return "SYN004", "readers disagree about a text that begins with '?' here", "Put it in quotes.", span
    if isinstance(token, StreamStartToken):
        return None
    line, column, index = end.line, end.column, end.index
    if isinstance(token, ScalarToken) and token.style in ("|", ">"):
        header = _BLOCK_HEADER.match(text, start.index)
        if header is None or not header[2]:
            return None
        line, column, index = start.line, start.column + header.start(2) - header.start(), header.start(2)
    elif index == start.index or text[index : index + 1] != "#":
        return None
    span = Span(line + 1, column + 1, line + 1, column + 2)
    return "SYN004", "a comment needs a space before the '#'", "Add the space, or put the text in quotes.", span


def indentation(text: str, node: Node, indent: int, *, closed: bool) -> Iterator[Oddity]:
    """Lines that stand too far left, or behind a tab, in a value below a map or list that is indented by `indent`."""
    if node.kind in ("mapping", "sequence") and not node.style:
        for key, value in node.items:
            for part in (key, value):
                if part is not None:
                    yield from indentation(text, part, node.span.column - 1, closed=closed)
    elif node.style in ("|", ">"):
        yield from _block_scalar(text, node, indent)
    elif node.style and node.span.line != node.span.end_line and (closed or node.style != "{"):
        yield from _lines(text, node, indent)


def _lines(text: str, node: Node, indent: int) -> Iterator[Oddity]:
    for number, match in enumerate(_LINE.finditer(text, node.start, node.end), node.span.line + 1):
        spaces, tabs, first = match.groups()
        closes = node.style == "{" and first in ("]", "}") and len(spaces) == indent and not tabs
        if len(spaces) > indent or closes or not first or (first == "#" and node.style == "{"):
            continue
        column = len(spaces) + 1
        span = Span(number, column, number, column + 1)
        if tabs:
            yield Oddity("a tab cannot indent", "Use spaces.", span)
        else:
            yield Oddity("this line continues a value and is not indented deeper than its key", "Indent it.", span)


def _block_scalar(text: str, node: Node, indent: int) -> Iterator[Oddity]:
    header = _BLOCK_HEADER.match(text, node.start)
    if header is None or any(character.isdigit() for character in header[1]):
        return
    widest, widest_line = 0, 0
    for number, match in enumerate(_LINE.finditer(text, node.start), node.span.line + 1):
        spaces, tabs, first = match.groups()
        if first or tabs:
            if widest > len(spaces) > indent:
                span = Span(widest_line, 1, widest_line, widest + 1)
                message = "this empty line is indented deeper than the text below it"
                yield Oddity(message, "Remove the spaces, or write the indentation behind the | or >.", span, True)
            return
        if len(spaces) > widest:
            widest, widest_line = len(spaces), number
