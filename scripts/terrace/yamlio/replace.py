"""Replacing a value where it stands: same quotes, same brackets, same comments."""

from __future__ import annotations

from typing import Any

from terrace.yamlio.place import Place, Splice, end_of_line, line_break
from terrace.yamlio.positions import Node
from terrace.yamlio.write import dump, dump_flow, dump_scalar, quote


def replace(text: str, place: Place, value: Any) -> list[Splice]:
    """The splices that put `value` in the place of the node that stands there."""
    node, parent = place.node, place.parent
    in_flow = parent is not None and parent.style == "{"
    if in_flow or (node.style == "{" and node.items and isinstance(value, (dict, list))):
        return [
            _inline(text, node, dump_flow(value) if isinstance(value, (dict, list)) else _scalar(node, value, True))
        ]
    if isinstance(value, (dict, list)) and value:
        return _block(text, place, value)
    new = dump_flow(value) if isinstance(value, (dict, list)) else _scalar(node, value, False)
    if node.kind != "scalar" and node.style != "{":
        return _block_to_line(text, place, new)
    literal = _literal(node, place, value)
    if literal is not None:
        new = literal.replace("\n", line_break(text))
    return [_inline(text, node, new)]


def _scalar(node: Node, value: object, flow: bool) -> str:
    if isinstance(value, str) and node.kind == "scalar" and node.style in ("'", '"'):
        return quote(value, node.style)
    return dump_scalar(value, flow=flow)


def _inline(text: str, node: Node, new: str) -> Splice:
    glued = node.start == node.end and node.start and text[node.start - 1] not in " \t\r\n"
    return Splice(node.start, node.end, f" {new}" if glued else new)


def _literal(node: Node, place: Place, value: object) -> str | None:
    """The lines of a literal block scalar, if there is one now and the new text can be one."""
    if node.style != "|" or not isinstance(value, str) or place.parent is None:
        return None
    body = value.removesuffix("\n")
    lines = body.split("\n")
    if (
        not body
        or not lines[0]
        or lines[0][0] == " "
        or not lines[-1].strip()
        or not body.replace("\n", "").isprintable()
    ):
        return None
    space = " " * (place.parent.span.column - 1 + 2)
    return "\n".join(["|" if value.endswith("\n") else "|-", *(space + line if line else "" for line in lines)])


def _block(text: str, place: Place, value: Any) -> list[Splice]:
    """A map or a list in block style, in the place of anything."""
    node, parent = place.node, place.parent
    nl = line_break(text)
    column = node.span.column - 1
    outer = parent.span.column - 1 if parent is not None else -2
    own_lines = node.kind != "scalar" and node.style != "{"
    if own_lines or parent is None or place.key is None:
        # A list may stand in the column of its key, a map may not.
        fits = column > outer or isinstance(value, list)
        indent = column if fits and node.start != node.end else outer + 2
        new = dump(value, indent).replace("\n", nl).removesuffix(nl)[min(indent, column) :]
        return [_inline(text, node, new)]
    new = dump(value, outer + 2).replace("\n", nl).removesuffix(nl)
    if node.start != node.end and node.span.line != node.span.end_line:
        return [Splice(_behind_colon(text, place.key), node.end, nl + new)]
    end = end_of_line(text, node.end)
    if text[node.end : end].strip():
        return [Splice(_behind_colon(text, place.key), node.end, ""), Splice(end, end, nl + new)]
    return [Splice(_behind_colon(text, place.key), end, nl + new)]


def _block_to_line(text: str, place: Place, new: str) -> list[Splice]:
    """A scalar or empty brackets in the place of a block collection."""
    node, key = place.node, place.key
    if key is None or key.span.line == node.span.line:
        return [Splice(node.start, node.tail, new)]
    colon = _behind_colon(text, key)
    return [Splice(colon, colon, f" {new}"), Splice(end_of_line(text, colon), node.end, "")]


def _behind_colon(text: str, key: Node) -> int:
    return text.index(":", key.end) + 1
