"""Names that stand for keys of flags in Python: constants of a module or of a class in it, also from other modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple


class Constants(NamedTuple):
    """The texts that a module's names stand for, `NAME` or `Class.NAME`, and what it takes from other modules.

    `imports` has the module and the name there by the name here; the name there is empty for a whole module.
    """

    values: Mapping[str, str]
    imports: Mapping[str, tuple[str, str]]


def constants_of(tree: ast.Module) -> Constants:
    """The constants and imports at the top of a module. A name that is set twice stands for nothing."""
    values = dict(_settled(tree.body, ""))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            values |= _settled(node.body, f"{node.name}.")
    return Constants(values, dict(_imports(tree)))


def dotted_name(node: ast.expr) -> str:
    """`NAME`, or `a.b.NAME`; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def imported(constants: Constants, modules: Mapping[str, Constants]) -> dict[str, str]:
    """The constants of other `modules` (by the ends of their dotted names), by the names by which one has them."""
    found: dict[str, str] = {}
    for here, (module, name) in constants.imports.items():
        whole = modules.get(f"{module}.{name}".strip(".") if name else module)
        part = modules.get(module) if name else None
        if whole is not None:
            found |= {f"{here}.{each}": value for each, value in whole.values.items()}
        if part is not None:
            found |= {
                here + each.removeprefix(name): value
                for each, value in part.values.items()
                if each == name or each.startswith(f"{name}.")
            }
    return found


def _settled(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, str]]:
    found: dict[str, str | None] = {}
    for node in body:
        for target, value in _assigned(node):
            if isinstance(target, ast.Name):
                text = value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
                found[target.id] = None if target.id in found else text
    yield from ((prefix + name, text) for name, text in found.items() if text)


def _assigned(node: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign):
        yield node.target, node.value
    elif isinstance(node, ast.AugAssign):
        yield node.target, None


def _imports(tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for each in node.names:
                yield each.asname or each.name, (node.module or "", each.name)
        elif isinstance(node, ast.Import):
            for each in node.names:
                yield each.asname or each.name, (each.name, "")
