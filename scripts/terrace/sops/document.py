"""A SOPS file as a tree of leaves, read without any key: what stands where, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from terrace.sops import metadata as meta
from terrace.sops import selectors
from terrace.sops.envelope import COMMENT, PREFIX, Envelope, EnvelopeError, parse
from terrace.sops.scalars import ODD_START, Typed, UntypableError, typed
from terrace.yamlio.limits import MAX_DEPTH, MAX_ENTRIES
from terrace.yamlio.untyped import (
    CollectionNode,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    UnreadableError,
    documents,
    span,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from terrace.model.source import Pointer, Span
    from terrace.sops.metadata import Metadata

BOM = "\ufeff"


class Problem(NamedTuple):
    """Something that is wrong with a file, found without a key. `kind`: yaml, metadata, value, key or structure."""

    kind: str
    message: str
    span: Span
    pointer: Pointer = ()
    hint: str = ""


class Leaf:
    """One value. `path` are its keys alone, which bind an encrypted value to its place; `pointer` has indexes too.

    An encrypted value has an `envelope`, any other a `found` type and text. `selected` by the rule of the file, it is
    to be encrypted. A comment in a list is a leaf, but has no place in the values.
    """

    __slots__ = ("envelope", "found", "node", "number", "path", "pointer", "selected")

    def __init__(self, pointer: Pointer, path: tuple[str, ...], node: ScalarNode, number: int) -> None:
        self.pointer = pointer
        self.path = path
        self.node = node
        self.number = number
        self.selected = False
        self.envelope: Envelope | None = None
        self.found: Typed | None = None

    @property
    def is_comment(self) -> bool:
        """Whether it is a comment that SOPS keeps as an item of a list."""
        return self.envelope is not None and self.envelope.label == COMMENT


Tree = dict[str, "Tree"] | list["Tree"] | Leaf


class File(NamedTuple):
    """A file in its parts. With problems, what could be read is there all the same.

    `body` is the text without byte order mark, in which the nodes' marks count. `trees` and `roots` are by document;
    `notes` are the nodes of the metadata of those documents that have them.
    """

    text: str
    body: str
    metadata: Metadata | None
    roots: tuple[MappingNode, ...]
    trees: tuple[dict[str, Tree], ...]
    leaves: tuple[Leaf, ...]
    notes: tuple[MappingNode, ...]
    problems: tuple[Problem, ...]


def read(text: str) -> File:
    """The parts of a SOPS file, and everything that is wrong with it."""
    body = text.removeprefix(BOM)
    try:
        nodes = documents(body)
    except UnreadableError as error:
        return _nothing(text, body, Problem("yaml", error.message, error.span, (), error.hint))
    roots = [node for node in nodes if isinstance(node, MappingNode)]
    problems: list[Problem] = []
    for node in nodes:
        # A document that holds nothing is an empty map.
        if node is not None and not isinstance(node, MappingNode) and not _is_null(node):
            problems.append(Problem("structure", "a document must be a map", span(node)))
    notes = [noted(root) for root in roots]
    first = notes[0] if notes else None
    if first is None or nodes[0] is not roots[0]:
        return _nothing(text, body, *problems, Problem("metadata", NOT_ENCRYPTED, _start(roots)))

    def complain(message: str, node: Node) -> None:
        problems.append(Problem("metadata", message, span(node), (meta.KEY,)))

    found = meta.read(first, complain)
    walker = _Walker(problems, found)
    trees = tuple(walker.document(root) for root in roots)
    known = tuple(note for note in notes if note is not None)
    return File(text, body, found, tuple(roots), trees, tuple(walker.leaves), known, tuple(problems))


NOT_ENCRYPTED = "the file holds no SOPS metadata: it is not encrypted"


def _nothing(text: str, body: str, *problems: Problem) -> File:
    return File(text, body, None, (), (), (), (), problems)


def _start(roots: Sequence[Node]) -> Span:
    from terrace.model.source import Span

    return Span(*span(roots[0])[:2], *span(roots[0])[:2]) if roots else Span(1, 1, 1, 1)


def noted(root: MappingNode) -> MappingNode | None:
    """The node of a document's metadata, None if it has none."""
    for key, value in root.value:
        if key.value == meta.KEY and isinstance(value, MappingNode):
            return value
    return None


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and not node.style and node.value in ("", "~", "null", "Null", "NULL")


class _Walker:
    """Goes through the documents, in order, and collects their leaves and problems."""

    def __init__(self, problems: list[Problem], metadata: Metadata) -> None:
        self.problems = problems
        self.leaves: list[Leaf] = []
        self.entries = 0
        comments = metadata.selector.by_comment
        self.selects: Callable[[Sequence[str]], bool] | None = (
            None if comments else selectors.decider(metadata.selector)
        )

    def document(self, root: MappingNode) -> dict[str, Tree]:
        """The tree of a document, without its metadata."""
        path: tuple[str, ...] = ()
        return self._mapping(root, path, path, MAX_DEPTH, top=True)

    def _complain(self, kind: str, message: str, node: Node, pointer: Pointer) -> None:
        self.problems.append(Problem(kind, message, span(node), pointer))

    def _mapping(
        self, node: MappingNode, pointer: Pointer, path: tuple[str, ...], depth: int, *, top: bool = False
    ) -> dict[str, Tree]:
        tree: dict[str, Tree] = {}
        for key, value in node.value:
            name = self._name(key, value, pointer)
            if name is None:
                continue
            here = (*path, name)
            place = here if pointer is path else (*pointer, name)
            if name in tree:
                self._complain("key", "the key stands twice in one map", key, place)
            else:
                # The metadata take their place, so that they are not there twice.
                tree[name] = {} if top and name == meta.KEY else self._value(value, place, here, depth)
        if top:
            tree.pop(meta.KEY, None)
        return tree

    def _name(self, key: Node, value: Node, pointer: Pointer) -> str | None:
        if not isinstance(key, ScalarNode):
            self._complain("key", "a key must be text", key, pointer)
            return None
        text: str = key.value
        if text == "<<" and (not key.tag or key.tag.endswith(":merge")):
            if not isinstance(value, CollectionNode):
                self._complain("key", "no SOPS can read a key '<<' whose value is not a map", key, (*pointer, text))
                return None
        elif key.tag or (not key.style and (not text or text[0] in ODD_START)):
            try:
                kind = typed(key).kind
            except UntypableError:
                kind = "null"
            if kind != "str":
                self._complain("key", "a key must be text: quote it", key, (*pointer, text))
                return None
        return text

    def _sequence(self, node: SequenceNode, pointer: Pointer, path: tuple[str, ...], depth: int) -> list[Tree]:
        items: list[Tree] = []
        for value in node.value:
            item = self._value(value, (*pointer, len(items)), path, depth, in_list=True)
            if not isinstance(item, Leaf) or not item.is_comment:
                items.append(item)
        return items

    def _value(self, node: Node, pointer: Pointer, path: tuple[str, ...], depth: int, *, in_list: bool = False) -> Tree:
        if node.__class__ is ScalarNode:
            return self._leaf(node, pointer, path, in_list=in_list)
        self.entries += len(node.value)
        if depth <= 1 or self.entries > MAX_ENTRIES:
            # Only aliases bring the composer's bounds here.
            self._complain("structure", "there are too many values, or they are nested too deep", node, pointer)
            return {}
        if isinstance(node, MappingNode):
            return self._mapping(node, pointer, path, depth - 1)
        return self._sequence(node, pointer, path, depth - 1) if isinstance(node, SequenceNode) else []

    def _leaf(self, node: ScalarNode, pointer: Pointer, path: tuple[str, ...], *, in_list: bool) -> Leaf:
        leaf = Leaf(pointer, path, node, len(self.leaves))
        self.leaves.append(leaf)
        text: str = node.value
        sealed = text.startswith(PREFIX) and not node.tag
        # Where comments decide, only looks are left: enough to describe a file, never to open it.
        leaf.selected = selected = self.selects(path) if self.selects is not None else sealed
        try:
            if selected and sealed:
                leaf.envelope = parse(text)
                if not in_list and leaf.envelope.label == COMMENT:
                    self._complain("value", "an encrypted comment stands in the place of a value", node, pointer)
                return leaf
            leaf.found = typed(node)
        except (EnvelopeError, UntypableError) as error:
            self._complain("value", str(error), node, pointer)
            return leaf
        if leaf.selected and leaf.found.kind != "null" and leaf.found != ("str", ""):
            self._complain("value", "the value is not encrypted, and the rule of the file encrypts it", node, pointer)
        return leaf
