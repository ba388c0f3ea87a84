"""What a call in Python decides by itself, so that it can be said which branch stays when its answer never changes."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from terrace.flags.code.reference import Branch, Word
from terrace.model.source import Span

_Parents = Mapping[ast.AST, ast.AST]


def branch_of(call: ast.Call, parents: _Parents) -> Branch | None:
    """The decision that nothing but the call's answer makes; None where there is none, or where more belongs to it."""
    node: ast.AST = call
    equals: object = True
    negated = False
    while True:
        parent = parents.get(node)
        if isinstance(parent, ast.Await) or (isinstance(parent, ast.Attribute) and parent.attr == "value"):
            node = parent
        elif isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not):
            node, negated = parent, not negated
        elif isinstance(parent, ast.Compare) and equals is True and not negated and _is_simple(parent, node):
            (other,) = (each for each in (parent.left, *parent.comparators) if each is not node)
            equals = other.value if isinstance(other, ast.Constant) else None
            node, negated = parent, isinstance(parent.ops[0], ast.NotEq | ast.IsNot)
        else:
            return _decided(parent, node, equals, negated, parents)


def span_of(node: ast.expr | ast.stmt) -> Span:
    """Where a node stands."""
    return Span(node.lineno, node.col_offset + 1, node.end_lineno or node.lineno, (node.end_col_offset or 0) + 1)


def _is_simple(node: ast.Compare, one: ast.AST) -> bool:
    """Whether it compares the answer with one constant."""
    sides = (node.left, *node.comparators)
    others = [each for each in sides if each is not one]
    operators = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)
    return len(sides) == 2 and isinstance(others[0], ast.Constant) and isinstance(node.ops[0], operators)


def _decided(parent: ast.AST | None, test: ast.AST, equals: object, negated: bool, parents: _Parents) -> Branch | None:
    if isinstance(parent, ast.If | ast.While) and parent.test is test:
        otherwise = _block(parent.orelse) if parent.orelse else None
        word: Word = "while" if isinstance(parent, ast.While) else "elif" if _is_elif(parent, parents) else "if"
        return Branch(word, equals, negated, span_of(parent), _block(parent.body), otherwise, _is_chained(parent))
    if isinstance(parent, ast.IfExp) and parent.test is test:
        body, otherwise = span_of(parent.body), span_of(parent.orelse)
        return Branch("expression", equals, negated, span_of(parent), body, otherwise)
    return None


def _is_elif(node: ast.If | ast.While, parents: _Parents) -> bool:
    """An `elif` is an `if` alone in the `else` of another, which begins where the other does."""
    above = parents.get(node)
    return isinstance(above, ast.If) and above.orelse == [node] and _is_chained(above)


def _is_chained(node: ast.If | ast.While) -> bool:
    """Whether what follows it otherwise is an `elif`."""
    first = node.orelse[0] if len(node.orelse) == 1 else None
    return isinstance(node, ast.If) and isinstance(first, ast.If) and first.col_offset == node.col_offset


def _block(body: Sequence[ast.stmt]) -> Span:
    first, last = span_of(body[0]), span_of(body[-1])
    return Span(first.line, first.column, last.end_line, last.end_column)
