"""Changes to an existing file: only what changes is written anew, with the time and the MAC."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from terrace.model.secret import Secret
from terrace.sops import emit, metadata
from terrace.sops.errors import NotWritableError
from terrace.sops.place import (
    HardError,
    Splice,
    apply,
    end_of,
    entry,
    in_lines,
    line_start,
    next_line,
    start_of,
    value_region,
)
from terrace.sops.scalars import UntypableError, typed_value
from terrace.sops.sealing import Sealer, bom, signed
from terrace.yamlio.untyped import CollectionNode, MappingNode, Node, ScalarNode, documents

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from terrace.model.source import Pointer
    from terrace.sops.opened import Opened
    from terrace.sops.scalars import Typed

    Known = Mapping[tuple[tuple[str, ...], Typed], str]
    """Encrypted values as they may stand in a file, by path and value."""


class _Removed:
    def __repr__(self) -> str:
        return "REMOVED"


REMOVED: Final = _Removed()
"""Instead of a value: the entry goes, and maps that it leaves empty go with it."""
_COMMENT_ITEM = re.compile(r"ENC\[AES256_GCM,.*,type:comment\]\s*")
_BY_HAND = "Change it with `sops edit`, which writes the whole file anew."


def changed(
    opened: Opened,
    changes: Mapping[Pointer, object],
    now: datetime,
    *,
    in_the_open: bool = False,
    document: int = 0,
    known: Known | None = None,
) -> str:
    """The file's text with `changes`: a value, or REMOVED, by pointer. Missing maps are made.

    Every other value keeps its bytes. The result was read back and verified. Without a real change it is the old text.
    Raises NotSelectedError for a value that the file's rule leaves in the open, unless `in_the_open` allows it;
    a Secret never stands there. Raises NotWritableError for what cannot be changed safely. What is in `known` is not
    encrypted anew.
    """
    before = opened.documents[document]
    after: Any = before
    text = opened.file.body
    there = {**(known or {}), **_known(opened)}
    sealer = Sealer(opened._data_key, opened.metadata.selector, openly=in_the_open, known=there)
    for pointer, value in changes.items():
        _check(pointer)
        step = _with(after, pointer, value, ())
        if not same(after, step):
            text = _change(text, document, pointer, after, step, sealer)
            after = step
    if same(before, after):
        return opened.file.text
    result = signed(bom(opened.file) + text, opened._data_key, now, opened.name)
    expected = [*opened.documents[:document], after, *opened.documents[document + 1 :]]
    if not same(list(result.documents), expected):
        raise NotWritableError("the change would touch more than it should", file=opened.name, hint=_BY_HAND)
    return result.file.text


def _check(pointer: Pointer) -> None:
    if not pointer or not isinstance(pointer[0], str):
        raise NotWritableError("a whole document is not changed at once: name a key")
    if pointer[0] == metadata.KEY:
        raise NotWritableError(f"the top-level key {metadata.KEY!r} is SOPS's own", pointer=pointer)


def _known(opened: Opened) -> Known:
    """The encrypted values as they stand in the file, by path and value."""
    return {
        (leaf.path, found): leaf.node.value.strip()
        for leaf, found in zip(opened.file.leaves, opened._plain, strict=True)
        if leaf.envelope is not None and found is not None
    }


def _with(value: Any, pointer: Pointer, new: object, above: Pointer) -> Any:
    """`value` with `new` at `pointer`, shared where it does not change."""
    if not pointer:
        return new
    part, rest = pointer[0], pointer[1:]
    here = (*above, part)
    if isinstance(part, int):
        if not isinstance(value, list) or not 0 <= part < len(value) + (not rest and new is not REMOVED):
            raise NotWritableError("there is no such item in a list", pointer=here)
        old = value[part] if part < len(value) else None
        inner = _with(old, rest, new, here)
        return [*value[:part], *([] if inner is REMOVED else [inner]), *value[part + 1 :]]
    if value is not None and not isinstance(value, dict):
        raise NotWritableError("there is a value where the change needs a map", pointer=above)
    entries: dict[str, Any] = dict(value or {})
    if new is REMOVED and part not in entries:
        raise NotWritableError("there is nothing to remove", pointer=here)
    inner = _with(entries.get(part), rest, new, here)
    if inner is REMOVED or (new is REMOVED and inner == {}):
        del entries[part]
    else:
        entries[part] = inner
    return entries


def same(left: Any, right: Any) -> bool:
    """Whether two values are the same to SOPS: type, text and order, Secret or not."""
    left = left.reveal() if isinstance(left, Secret) else left
    right = right.reveal() if isinstance(right, Secret) else right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    try:
        return typed_value(left) == typed_value(right)
    except UntypableError:
        return False


def _at(value: Any, pointer: Pointer) -> Any:
    """The value at a pointer, REMOVED where there is none."""
    for part in pointer:
        if isinstance(part, int):
            value = value[part] if isinstance(value, list) and part < len(value) else REMOVED
        else:
            value = value.get(part, REMOVED) if isinstance(value, dict) else REMOVED
    return value


def _change(body: str, document: int, pointer: Pointer, before: Any, after: Any, sealer: Sealer) -> str:
    """The text in which the value at `pointer` is what it is in `after`, by the smallest change that can be made."""
    # Where a map is left empty, or has to be made, the change is further up.
    while len(pointer) > 1 and (_at(before, pointer[:-1]) in (None, REMOVED) or _at(after, pointer[:-1]) is REMOVED):
        pointer = pointer[:-1]
    root = documents(body)[document]
    while pointer:
        try:
            return apply(body, [_splice(body, root, pointer, _at(after, pointer), sealer)])
        except HardError:
            pointer = pointer[:-1]
    raise NotWritableError("the file's layout does not allow the change", hint=_BY_HAND)


def _splice(body: str, root: Node | None, pointer: Pointer, value: object, sealer: Sealer) -> Splice:
    """The change of one entry. Raises HardError where it takes a larger one."""
    parent: Node | None = root
    for part in pointer[:-1]:
        parent = _step(parent, part)
        if isinstance(parent, CollectionNode) and parent.flow_style:
            raise HardError("values in brackets are written anew as a whole")
    name = pointer[-1]
    path = tuple(part for part in pointer if isinstance(part, str))
    if not isinstance(parent, MappingNode) or not isinstance(name, str) or parent.flow_style:
        return _item(body, _step(parent, name), path, value, sealer)
    found = entry(parent, name)
    if found is None:
        return _added(body, parent, name, path, value, sealer, top=parent is root)
    if value is REMOVED:
        return _without(body, parent, *found)
    return _replaced(body, *found, path, value, sealer)


def _step(node: Node | None, part: str | int) -> Node:
    if isinstance(node, MappingNode) and isinstance(part, str) and (found := entry(node, part)) is not None:
        return found[1]
    if isinstance(node, CollectionNode) and not isinstance(node, MappingNode) and isinstance(part, int):
        items: list[Node] = [item for item in node.value if not _is_comment(item)]
        if part < len(items):
            return items[part]
    raise HardError("there is no such place in the text")


def _is_comment(node: Node) -> bool:
    return isinstance(node, ScalarNode) and not node.tag and _COMMENT_ITEM.fullmatch(node.value) is not None


def _item(body: str, node: Node, path: tuple[str, ...], value: object, sealer: Sealer) -> Splice:
    """The change of one scalar in a list."""
    if (
        value is REMOVED
        or emit.is_block(value)
        or not isinstance(node, ScalarNode)
        or start_of(node) == end_of(body, node)
    ):
        raise HardError("a list is written anew as a whole")
    if isinstance(value, (dict, list, tuple)):
        raise HardError("a list is written anew as a whole")
    return Splice(start_of(node), end_of(body, node), sealer(path, value))


def _added(
    body: str, parent: MappingNode, name: str, path: tuple[str, ...], value: object, sealer: Sealer, *, top: bool
) -> Splice:
    """A new entry behind the last one of a map."""
    others = [pair for pair in parent.value if not top or pair[0].value != metadata.KEY]
    first = parent.value[0][0]
    # A long key stands behind a '?', which begins the map.
    column = int(parent.start_mark.column)
    lines = in_lines(body, emit.lines({name: value}, path[:-1], column, sealer))
    if not others:
        index = line_start(body, start_of(first))
        return Splice(index, index, lines)
    index = next_line(body, end_of(body, others[-1][1]))
    ended = index == 0 or body[index - 1 : index] == "\n"
    return Splice(index, index, lines if ended else in_lines(body, [""]) + lines)


def _without(body: str, parent: MappingNode, key: Node, value: Node) -> Splice:
    """The lines of an entry, taken away. Comments stay, as they do in SOPS."""
    start = line_start(body, start_of(key))
    if body[start : start_of(key)].strip(" ") not in ("", "?") or len(parent.value) == 1:
        raise HardError("the entry shares its line with something else")
    return Splice(start, next_line(body, max(end_of(body, value), int(key.end_mark.index))), "")


def _replaced(body: str, key: Node, value: Node, path: tuple[str, ...], new: object, sealer: Sealer) -> Splice:
    """A new value in the place of an old one."""
    start, end = value_region(body, key, value)
    if isinstance(value, CollectionNode) and "#" in _between(body, value):
        raise NotWritableError("a map or list with comments in it is not replaced as a whole", hint=_BY_HAND)
    if not emit.is_block(new):
        written = "{}" if isinstance(new, dict) else "[]" if isinstance(new, (list, tuple)) else sealer(path, new)
        return Splice(start, end, f" {written}")
    indent = int(key.start_mark.column) + emit.INDENT
    written = in_lines(body, ["", *emit.lines(new, path, indent, sealer)])
    # A comment behind the old value would end up behind the last line of the new one.
    if body[end : next_line(body, end)].strip():
        raise NotWritableError("a comment behind the value is in the way", hint=_BY_HAND)
    return Splice(start, end, written.rstrip("\r\n"))


def _between(body: str, node: CollectionNode) -> str:
    """What a block holds beside its scalars."""
    text, done = [], start_of(node)
    for leaf in _scalars(node):
        text.append(body[done : start_of(leaf)])
        done = max(done, end_of(body, leaf))
    return "".join(text) + body[done : end_of(body, node)]


def _scalars(node: Node) -> list[ScalarNode]:
    if isinstance(node, ScalarNode):
        return [node]
    parts = [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]
    return [leaf for part in parts for leaf in _scalars(part)]
