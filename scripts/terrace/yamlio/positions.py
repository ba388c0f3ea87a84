"""A document as a tree of nodes that know which characters they stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from terrace.model.source import Pointer, Span, Spans
from terrace.yamlio import libyaml, limits

if TYPE_CHECKING:
    from yaml.events import Event

Kind = Literal["scalar", "mapping", "sequence", "alias"]


class Node:
    """One value: what it is, and the characters it stands in (`start` to `end`, counted from 0).

    `style` is libyaml's: empty for plain, else one of `'`, `"`, `|` and `>`; for a collection `{` when it stands in
    brackets. `items` are the entries, with the key's node in a mapping. `tail` is the end with the empty lines that
    belong to a block scalar that keeps them (`|+`).
    """

    __slots__ = ("end", "items", "kind", "span", "start", "style", "tail", "text")

    def __init__(self, kind: Kind, style: str, text: str, start: int, end: int, span: Span) -> None:
        self.kind = kind
        self.style = style
        self.text = text
        self.start = start
        self.end = end
        self.tail = end
        self.span = span
        self.items: list[tuple[Node | None, Node]] = []


class Stopped(NamedTuple):
    """Why composing ended early: a limit of ours, in words, and where."""

    message: str
    hint: str
    span: Span
    offset: int


class Composed(NamedTuple):
    """The documents of a text as far as they could be read, and what ended the reading, if something did."""

    roots: list[Node]
    starts: list[Span]
    problem: MarkedYAMLError | None
    stopped: Stopped | None
    end: int


def compose(text: str) -> Composed:
    """The nodes of every document in `text`. Takes any text, however deep: it stops at the limits."""
    builder = _Builder(text)
    problem: MarkedYAMLError | None = None
    try:
        for event in libyaml.events(text):
            if builder.take(event):
                break
    except MarkedYAMLError as error:
        problem = error
    builder.close_open()
    end = len(text)
    if builder.stopped is not None:
        end = builder.stopped.offset
    elif problem is not None and problem.problem_mark is not None:
        end = problem.problem_mark.index
    return Composed(builder.roots, builder.starts, problem, builder.stopped, end)


class _Builder:
    """Puts events together into nodes, with a stack in place of recursion."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.roots: list[Node] = []
        self.starts: list[Span] = []
        self.stopped: Stopped | None = None
        self.open: list[Node] = []
        self.keys: list[Node | None] = []
        self.entries = 0

    def take(self, event: Event) -> bool:
        """Whether a limit was reached with this event."""
        if isinstance(event, ScalarEvent):
            self._add(self._scalar(event))
        elif isinstance(event, CollectionStartEvent):
            kind: Kind = "mapping" if isinstance(event, MappingStartEvent) else "sequence"
            self._enter(_node(kind, "{" if event.flow_style else "", "", event))
        elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            self._close(event)
        elif isinstance(event, AliasEvent):
            self._add(_node("alias", "", event.anchor or "", event))
        elif isinstance(event, DocumentStartEvent):
            self.starts.append(_span(event))
            if len(self.starts) > limits.MAX_FINDINGS:
                hint = "Make each a file of its own."
                self._stop(f"there are more than {limits.MAX_FINDINGS} documents", hint, _node("scalar", "", "", event))
        return self.stopped is not None

    def _enter(self, node: Node) -> None:
        self._add(node)
        self.open.append(node)
        self.keys.append(None)
        if len(self.open) > limits.MAX_DEPTH:
            self._stop(f"values are nested more than {limits.MAX_DEPTH} levels deep", "Make it flatter.", node)

    def _scalar(self, event: ScalarEvent) -> Node:
        node = _node("scalar", event.style or "", event.value, event)
        if node.style in ("|", ">"):
            written = self.text[node.start : node.end].rstrip(" \t\r\n")
            node.end = node.start + len(written)
            if "+" not in written[:3]:
                node.tail = node.end
            node.span = self._reach(node, node.end)
        elif not node.style and (event.anchor or event.tag) and self.text.endswith(node.text, node.start, node.end):
            # The event begins with its tag or anchor; what is wrong with a scalar is wrong with its text.
            node.start = node.end - len(node.text)
            node.span = Span(node.span.end_line, node.span.end_column - len(node.text), *node.span[2:])
        return node

    def _reach(self, node: Node, end: int) -> Span:
        """The span from the beginning of `node` to the character `end`."""
        written = self.text[node.start : end].replace("\r\n", " \n").replace("\r", "\n")
        breaks = written.count("\n")
        column = len(written) - written.rfind("\n") if breaks else node.span.column + len(written)
        return Span(node.span.line, node.span.column, node.span.line + breaks, column)

    def _add(self, node: Node) -> None:
        if not self.open:
            self.roots.append(node)
            return
        parent = self.open[-1]
        if parent.kind == "mapping" and self.keys[-1] is None:
            self.keys[-1] = node
            return
        parent.items.append((self.keys[-1], node))
        self.keys[-1] = None
        self.entries += 1
        if self.entries > limits.MAX_ENTRIES:
            message = f"there are more than {limits.MAX_ENTRIES:,} keys and list items"
            self._stop(message, "Split the file.", node)

    def _close(self, event: Event) -> None:
        node = self.open.pop()
        self.keys.pop()
        if node.style == "{":
            end = libyaml.marks(event)[1]
            node.end = node.tail = end.index
            node.span = Span(*node.span[:2], end.line + 1, end.column + 1)
        else:
            _end_with_last(node)

    def close_open(self) -> None:
        """Give the collections that were never closed the end of their last entry."""
        while self.open:
            node, key = self.open.pop(), self.keys.pop()
            if key is not None:
                node.items.append((key, _empty_after(key)))
            _end_with_last(node)

    def _stop(self, message: str, hint: str, node: Node) -> None:
        self.stopped = Stopped(message, hint, Span(*node.span[:2], node.span.line, node.span.column + 1), node.start)


def _node(kind: Kind, style: str, text: str, event: Event) -> Node:
    start, end = libyaml.marks(event)
    return Node(kind, style, text, start.index, end.index, _span(event))


def _span(event: Event) -> Span:
    start, end = libyaml.marks(event)
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _empty_after(key: Node) -> Node:
    span = Span(key.span.end_line, key.span.end_column, key.span.end_line, key.span.end_column)
    return Node("scalar", "", "", key.end, key.end, span)


def _end_with_last(node: Node) -> None:
    # libyaml ends a block collection where the next thing begins, behind comments that are not its own.
    if node.items:
        last = node.items[-1][1]
        node.end, node.tail = last.end, last.tail
        node.span = Span(*node.span[:2], *last.span[2:])


def locate(text: str) -> dict[Pointer, Spans]:
    """Every entry's place, by pointer, of a text that was read before; the root is `()`."""
    composed = compose(text)
    spans: dict[Pointer, Spans] = {}
    if composed.roots:
        _collect(composed.roots[0], None, (), spans)
    return spans


def _collect(node: Node, key: Node | None, pointer: Pointer, spans: dict[Pointer, Spans]) -> None:
    spans[pointer] = Spans(key.span if key else None, node.span)
    for index, (inner, value) in enumerate(node.items):
        _collect(value, inner, (*pointer, inner.text if inner else index), spans)
