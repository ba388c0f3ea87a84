"""What stays of a place in the code once a flag is gone, in words: which branch, or which value."""

from __future__ import annotations

import ast
import json
from typing import Any

from terrace.flags.code.reference import Branch, Reference
from terrace.flags.folding import Reach
from terrace.model.flag import Flag
from terrace.model.source import Span


def surviving(each: Reference, flag: Flag, constant: Reach | None) -> str:
    """What to do at a place that asks for `flag`, or names it. Without a constant, people have to decide."""
    if each.kind == "test":
        return "remove the flag from those that the test sets"
    if each.kind == "name":
        return "its key stands here in quotes: see whether that is still needed"
    if constant is None:
        default = f"; the call's default is {each.default}" if each.default else ""
        return f"decide which variant stays{default}"
    if constant.always is None:
        return _of_default(each)
    value = flag.variants.get(constant.always)
    return _of_branch(each.branch, value) if each.branch else _of_value(each, _written(value, each.language))


def undefined(each: Reference) -> str:
    """What to do at a call of a flag that no file knows."""
    stays = f"its default, {each.default}" if each.default else "its default"
    return f"it always gives {stays}: define the flag, or put that in the place of `{each.text}`"


def _of_default(each: Reference) -> str:
    if not each.default:
        return f"put its default in the place of `{each.text}`"
    if each.branch:
        try:
            return _of_branch(each.branch, ast.literal_eval(each.default))
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            pass
    return _of_value(each, each.default)


def _of_value(each: Reference, value: str) -> str:
    more = ", and see what needs its details" if "details" in each.text.lower() else ""
    return f"put {value} in the place of `{each.text}`{more}"


def _of_branch(branch: Branch, value: object) -> str:
    same = type(value) is type(branch.equals) and value == branch.equals
    holds = same != branch.negated
    if branch.word == "expression":
        return "always true: keep what is before `if`" if holds else "never true: keep what is after `else`"
    if branch.word == "while":
        return "always true: write `while True`" if holds else f"never true: remove {_lines(branch.span)}"
    return _if_true(branch) if holds else _if_false(branch)


def _if_true(branch: Branch) -> str:
    if branch.word == "if":
        return f"always true: keep {_lines(branch.body)} in the place of {_lines(branch.span)}"
    after = branch.span._replace(line=branch.body.end_line + 1)
    rest = f", and remove {_lines(after)}" if branch.otherwise else ""
    return f"always true: make this `elif` an `else`{rest}"


def _if_false(branch: Branch) -> str:
    own = _lines(branch.span._replace(end_line=branch.body.end_line))
    if branch.word == "elif" or branch.otherwise is None:
        return f"never true: remove {own}"
    if branch.chained:
        return f"never true: remove {own}, and make the `elif` of line {branch.otherwise.line} an `if`"
    return f"never true: keep {_lines(branch.otherwise)} in the place of {_lines(branch.span)}"


def _lines(span: Span) -> str:
    return f"line {span.line}" if span.line == span.end_line else f"lines {span.line}-{span.end_line}"


def _written(value: Any, language: str) -> str:
    return repr(value) if language == "Python" else json.dumps(value, ensure_ascii=False)
