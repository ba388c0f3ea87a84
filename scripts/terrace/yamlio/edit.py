"""Byte-exact edits: the new text of a document, with nothing changed that did not have to."""

from __future__ import annotations

from typing import Any, NamedTuple

from terrace.errors import TerraceError
from terrace.model.source import Document, Pointer, dotted
from terrace.yamlio.place import Place, Splice, end_of_line, line_break, start_of_line
from terrace.yamlio.positions import Node, compose
from terrace.yamlio.read import read
from terrace.yamlio.remove import remove
from terrace.yamlio.replace import replace
from terrace.yamlio.write import dump, dump_flow, dump_scalar


class _Found(NamedTuple):
    """The places on the way to a pointer that exist, the root first, and the steps that do not."""

    places: list[Place]
    missing: Pointer


def set_value(document: Document, pointer: Pointer, value: Any) -> str:
    """The text of `document` with `value` at `pointer`. Parents that are missing are made.

    Raises TerraceError where the place cannot hold it, or where the text cannot be edited safely.
    """
    if not pointer:
        raise TerraceError("a whole document is not set at once", hint="Name a key.")
    expected = _with(document.value, pointer, value, ())
    if _same(document.value, expected):
        return document.text
    splices = _set(document.text, pointer, value)
    return _apply(document, splices, expected, pointer)


def unset(document: Document, pointer: Pointer) -> str:
    """The text of `document` without the entry at `pointer`, its comment, and the parents that it leaves empty."""
    if not pointer or not isinstance(pointer[-1], str):
        raise TerraceError("only the entry of a map can be removed", hint="Set the whole list instead.")
    found = _find(document.text, pointer)
    if found.missing:
        raise TerraceError(f"{dotted(pointer)} is not set in {document.path}")
    expected, _ = _without(document.value, pointer)
    return _apply(document, remove(document.text, found.places), expected, pointer)


def _find(text: str, pointer: Pointer) -> _Found:
    composed = compose(text)
    places = [Place(None, None, node) for node in composed.roots[:1]]
    for depth, part in enumerate(pointer):
        here = places[-1].node if places else None
        step = None if here is None else _step(here, part)
        if step is None:
            return _Found(places, pointer[depth:])
        places.append(step)
    return _Found(places, ())


def _step(node: Node, part: str | int) -> Place | None:
    if node.kind == "sequence" and isinstance(part, int):
        return Place(node, None, node.items[part][1]) if 0 <= part < len(node.items) else None
    for key, value in node.items:
        if key is not None and key.text == part:
            return Place(node, key, value)
    return None


def _set(text: str, pointer: Pointer, value: Any) -> list[Splice]:
    places, missing = _find(text, pointer)
    for part in reversed(missing[1:]):
        value = {part: value}
    if not places or places[0].node.start == places[0].node.end:
        return [_append(text, {missing[0]: value})]
    if not missing:
        return replace(text, places[-1], value)
    last = places[-1]
    if last.node.kind != "mapping" or (not last.node.items and not _in_brackets(last)):
        return replace(text, last, {missing[0]: value})
    return [_add(text, last.node, str(missing[0]), value)]


def _in_brackets(place: Place) -> bool:
    return place.parent is not None and place.parent.style == "{"


def _append(text: str, value: dict[str | int, Any]) -> Splice:
    new = dump(value).replace("\n", line_break(text))
    return Splice(len(text), len(text), new if not text or text[-1] in "\r\n" else line_break(text) + new)


def _add(text: str, node: Node, key: str, value: Any) -> Splice:
    """A new entry behind the last one of a map that has entries, or into empty brackets."""
    if node.style == "{":
        if not node.items:
            return Splice(node.start, node.end, dump_flow({key: value}))
        end = node.items[-1][1].end
        return Splice(end, end, f", {dump_scalar(key, flow=True)}: {dump_flow(value)}")
    nl = line_break(text)
    new = dump({key: value}, node.span.column - 1).replace("\n", nl)
    if text[node.tail - 1] in "\r\n" and start_of_line(text, node.tail) == node.tail:
        return Splice(node.tail, node.tail, new)
    end = end_of_line(text, node.tail)
    return Splice(end, end, nl + new.removesuffix(nl))


def _with(value: Any, pointer: Pointer, new: Any, done: Pointer) -> Any:
    """`value` with `new` at `pointer`, as a copy."""
    if not pointer:
        return new
    part, rest = pointer[0], pointer[1:]
    if isinstance(value, list):
        if not isinstance(part, int) or not 0 <= part < len(value):
            raise TerraceError(f"{dotted(done)} is a list of {len(value)}, which has no {dotted((part,))}")
        return [*value[:part], _with(value[part], rest, new, (*done, part)), *value[part + 1 :]]
    if value is not None and not isinstance(value, dict):
        raise TerraceError(f"{dotted(done)} is a value, not a map", hint="Unset it first, or set the whole of it.")
    if not isinstance(part, str):
        raise TerraceError(f"{dotted(done) or 'the document'} is not a list", hint="Set the whole list.")
    inner = value or {}
    return {**inner, part: _with(inner.get(part), rest, new, (*done, part))}


def _without(value: Any, pointer: Pointer) -> tuple[Any, bool]:
    """`value` without the entry at `pointer`, as a copy, and whether that left it empty."""
    part, rest = pointer[0], pointer[1:]
    if isinstance(value, list) and isinstance(part, int):
        return [*value[:part], _without(value[part], rest)[0], *value[part + 1 :]], False
    copy = dict(value)
    inner, empty = _without(value[part], rest) if rest else (None, True)
    if empty:
        del copy[part]
    else:
        copy[part] = inner
    return copy, not copy


def _apply(document: Document, splices: list[Splice], expected: Any, pointer: Pointer) -> str:
    text = document.text
    for start, end, new in sorted(splices, reverse=True):
        text = text[:start] + new + text[end:]
    result, _ = read(document.path, text.encode("utf-8"))
    if result is None or not _same(result.value, expected):
        raise TerraceError(
            f"{dotted(pointer)} in {document.path} cannot be changed without touching more than itself",
            hint="Edit the file by hand.",
        )
    return text


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal in their types too: 1, 1.0 and true are three values."""
    return repr(one) == repr(other)
