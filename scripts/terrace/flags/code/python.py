"""Where a Python file asks for flags, by its syntax: calls of OpenFeature's client, and what they decide."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from terrace.flags.code.branches import branch_of, span_of
from terrace.flags.code.constants import Constants, constants_of, dotted_name
from terrace.flags.code.reference import Computed, Found, Note, Reference
from terrace.flags.code.text import asks, found_in_text

_METHOD = re.compile(r"get_(boolean|string|integer|float|object)_(?:value|details)(?:_async)?")
_SHOWN = 80
_HELPERS = {"force": 1, "terrace_flags": 1, "provider_of": 0}
"""What tests give a mapping of flags, and at which place among its arguments."""


class Module(NamedTuple):
    """A Python file that was read: its tree, and the constants that its own code can use."""

    path: str
    tree: ast.Module
    constants: Constants


def module_of(path: str, text: str) -> Module | Note:
    """The file by its syntax, or a note that says why it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        return Module(path, tree, constants_of(tree))
    except SyntaxError as error:
        return Note(path, f"is no Python that can be read (line {error.lineno or 1}), so it was searched as text")
    except (RecursionError, MemoryError, ValueError):
        return Note(path, "nests too deeply for Python to read, so it was searched as text")


def found_in_python(module: Module, text: str, keys: Collection[str], imported: Mapping[str, str]) -> Found:
    """Every call of a client with its key, and every one of `keys` that stands in quotes elsewhere.

    `imported` has the constants of other modules, by the names by which this one has them.
    """
    references: list[Reference] = []
    computed: list[Computed] = []
    if asks(text):
        parents = {child: node for node in ast.walk(module.tree) for child in ast.iter_child_nodes(node)}
        for call, asked in _calls(module.tree):
            said = _argument(call, 0, "flag_key")
            if said is None or _argument(call, 1, "default_value") is None:
                continue  # A client's calls have both, so this one is something else.
            key = _key(said, {**imported, **module.constants.values})
            if key is None:
                computed.append(Computed(module.path, call.lineno, _written(call)))
            else:
                references.append(_reference(module.path, call, key, asked, parents))
    inside = [each.span for each in references]
    forced = _forced(module.tree) if "force" in text or "flags(" in text or "provider_of" in text else frozenset()
    for each in found_in_text(module.path, text, keys, calls=False).references:
        if not any(_holds(span, each) for span in inside):
            references.append(each._replace(kind="test") if (each.key, each.span.line) in forced else each)
    return Found(tuple(sorted(references, key=lambda each: each.span)), tuple(computed))


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            method = _METHOD.fullmatch(node.func.attr)
            if method:
                yield node, method[1]


def _forced(tree: ast.AST) -> frozenset[tuple[str, int]]:
    """The keys, and their lines, of flags to which tests give a variant."""
    found: set[tuple[str, int]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = dotted_name(node.func).rsplit(".", 1)[-1]
            given = _argument(node, _HELPERS[name], "flags") if name in _HELPERS else None
            for key in given.keys if isinstance(given, ast.Dict) else ():
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    found.add((key.value, key.lineno))
    return frozenset(found)


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if len(call.args) > position else None


def _key(said: ast.expr, constants: Mapping[str, str]) -> str | None:
    if isinstance(said, ast.Constant):
        return said.value if isinstance(said.value, str) else None
    name = dotted_name(said)
    return constants.get(name) or constants.get(name.removesuffix(".value")) if name else None


def _reference(path: str, call: ast.Call, key: str, asked: str, parents: Mapping[ast.AST, ast.AST]) -> Reference:
    default = _argument(call, 1, "default_value")
    branch = branch_of(call, parents)
    text = _written(call)
    return Reference(
        key, "call", path, span_of(call), "Python", asked, _written(default) if default else "", text, branch
    )


def _written(node: ast.expr) -> str:
    """The code of `node` on one line."""
    try:
        text = " ".join(ast.unparse(node).split())
    except RecursionError:
        return "…"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _holds(span: tuple[int, int, int, int], each: Reference) -> bool:
    return span[:2] <= each.span[:2] and each.span[2:] <= span[2:]
