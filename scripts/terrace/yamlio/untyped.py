"""A text's documents as nodes whose scalars have no type yet: for SOPS files, where each type is Go's to say."""

from __future__ import annotations

import re

from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import CollectionEndEvent, CollectionStartEvent, NodeEvent
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from terrace.errors import TerraceError
from terrace.model.source import Span
from terrace.yamlio import libyaml
from terrace.yamlio.limits import MAX_BYTES, MAX_DEPTH, MAX_ENTRIES
from terrace.yamlio.syntax import explain

__all__ = ["CollectionNode", "MappingNode", "Node", "ScalarNode", "SequenceNode", "UnreadableError", "documents"]

# A text cannot have more levels than characters, and a thousand levels are safe for the composer in any thread.
_SHALLOW = 2048
_MANY_BRACKETS = 300
# A block collection needs a character of a line's beginning for each level.
_DEEP_BLOCK = re.compile(r"^[ \t?:-]{200}", re.MULTILINE)


class UnreadableError(TerraceError):
    """A text is not YAML, or exceeds a limit: what, and where."""

    def __init__(self, message: str, span: Span, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.span = span


def documents(text: str) -> list[Node | None]:
    """The root node of every document. An alias is the very node that it stands for, which may hold itself.

    A node's `tag` is empty where the text has none; `style` is empty for a plain scalar; marks count from 0.
    Raises UnreadableError, also for texts that are too large or too deep to be composed safely.
    """
    # Four bytes is the most a character takes.
    if len(text) * 4 > MAX_BYTES and len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise UnreadableError(f"the text has more than {MAX_BYTES:,} bytes", Span(1, 1, 1, 1), hint="Split it.")
    roots: list[Node | None] = []
    try:
        if len(text) > _SHALLOW and (
            text.count("[") + text.count("{") > _MANY_BRACKETS
            or _DEEP_BLOCK.search(text)
            or len(text) > 2 * MAX_ENTRIES
        ):
            _bounded(text)
        parser = libyaml._Parser(text)
        while parser.check_node():
            roots.append(parser.get_node())
    except MarkedYAMLError as error:
        explained = explain(text, error)
        raise UnreadableError(explained.message, explained.span, hint=explained.hint) from None
    except (YAMLError, UnicodeEncodeError):
        raise UnreadableError("a character here cannot stand in YAML", Span(1, 1, 1, 1)) from None
    return roots


def span(node: Node) -> Span:
    """The characters that a node stands in, counted from 1."""
    start, end = node.start_mark, node.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _bounded(text: str) -> None:
    """Raise UnreadableError where a text has too many levels or entries. Does not recurse."""
    depth = entries = 0
    for event in libyaml.events(text):
        entries += isinstance(event, NodeEvent)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH or entries > 2 * MAX_ENTRIES:
            mark = libyaml.marks(event)[0]
            message = "values are nested too deep" if depth > MAX_DEPTH else "there are too many keys and values"
            raise UnreadableError(message, Span(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2))
