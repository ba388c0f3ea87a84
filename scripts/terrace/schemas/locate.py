"""Where a field stands in the file of its contract."""

from __future__ import annotations

import ast
import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # public in fact, absent from the stubs
from pathlib import Path

from terrace.model.contradictions import schema_step
from terrace.model.source import Location, Pointer, Span
from terrace.schemas.contracts import CLASS, contract_path

_SPACE = re.compile(r"[\s,]*")


def locate_field(root: Path, service: str, pointer: Pointer) -> Location:
    """The place where the contract of `service` declares the field at `pointer`, or the nearest section around it."""
    path = contract_path(root, service)
    text = (root / path).read_text(encoding="utf-8")
    span = _in_python(text, pointer) if path.endswith(".py") else _in_json(text, pointer)
    return Location(path, span)


def _in_python(text: str, pointer: Pointer) -> Span:
    classes = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
    here = _family(classes, [CLASS])
    span = _span(here[0]) if here else Span(1, 1, 1, 1)
    in_map = False
    for name in pointer:
        if in_map or not isinstance(name, str):
            # A key of a map, or a place in a list: the classes at hand are those of what it holds.
            in_map = False
            continue
        found = _declaration(here, name)
        if found is None:
            break
        span = _span(found.target)
        names = [node.id for node in ast.walk(found.annotation) if isinstance(node, ast.Name)]
        here, in_map = _family(classes, names), "dict" in names
    return span


def _family(classes: dict[str, ast.ClassDef], names: list[str]) -> list[ast.ClassDef]:
    """The classes of these names that the file defines, each followed by the classes it inherits from."""
    found: list[ast.ClassDef] = []
    for name in names:
        node = classes.get(name)
        if node is not None and node not in found:
            found += [node, *_family(classes, [base.id for base in node.bases if isinstance(base, ast.Name)])]
    return found


def _declaration(classes: list[ast.ClassDef], name: str) -> ast.AnnAssign | None:
    statements = [statement for node in classes for statement in node.body if isinstance(statement, ast.AnnAssign)]
    return next((found for found in statements if isinstance(found.target, ast.Name) and found.target.id == name), None)


def _span(node: ast.ClassDef | ast.expr) -> Span:
    if isinstance(node, ast.ClassDef):
        return Span(node.lineno, node.col_offset + 1, node.lineno, node.col_offset + 7 + len(node.name))
    end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return Span(node.lineno, node.col_offset + 1, end_line, end + 1)


def _in_json(text: str, pointer: Pointer) -> Span:
    schema = json.loads(text)
    path: tuple[str, ...] = ()
    start = end = 0
    for part in pointer:
        below = schema_step(schema, path, part)
        found = _key(text, below) if below is not None else None
        if below is None or found is None:
            break
        path, (start, end) = below, found
    line = text.count("\n", 0, start) + 1
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    return Span(line, column, line, column + max(end - start, 0))


def _key(text: str, path: tuple[str, ...]) -> tuple[int, int] | None:
    """Where the key that `path` ends with starts and ends in a JSON text; None if it is not there."""
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    start = end = at
    for part in path:
        if text[at] != "{":
            return None
        at = _skip(text, at + 1)
        while text[at] == '"':
            start = at
            name, end = scanstring(text, at + 1)
            at = _skip(text, _skip(text, end) + 1)
            if name == part:
                break
            at = _skip(text, decoder.raw_decode(text, at)[1])
        else:
            return None
    return start, end


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
