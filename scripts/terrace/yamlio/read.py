"""Strict reading: bytes to a document, or to everything that is wrong with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from yaml.error import YAMLError
from yaml.nodes import MappingNode, ScalarNode

from terrace.model.source import Document, Pointer, Spans
from terrace.yamlio import libyaml
from terrace.yamlio.brackets import nesting
from terrace.yamlio.limits import MAX_DEPTH, MAX_ENTRIES
from terrace.yamlio.scalars import Refused, Scalar, resolve
from terrace.yamlio.text import decode

if TYPE_CHECKING:
    from yaml.nodes import CollectionNode

    from terrace.model.findings import Finding

Value = Scalar | list["Value"] | dict[str, "Value"]

# The composer recurses in C, about 350 bytes of stack a level: up to a thousand levels are safe in any thread, and a
# text cannot have more levels than bytes.
_SHALLOW_BYTES = 2048
_MANY_BRACKETS = 300
# A block collection needs two characters of a line's beginning for each level.
_DEEP_BLOCK = rb"[ \t?:-]{200}"
# A tag, an anchor, an alias or a '?' that libyaml takes for a key stands behind a space, at the beginning of a line or
# inside brackets; `a&b` is text.
_SIGN = rb"(?m:(?:^|[\s,\[{:?-])(?:[&*?]\S|!)|^%)"
_GLUED = rb"[\]\[{},:|>+?-]#|[|>][0-9+-]+#"
_QUOTED_SIGN = rb"""(?m:^ *(?:- +)*(?:[\w.-]+: +)?(?:"#[^"\\\r\n]*"|'#[^'\r\n]*') *(?: #.*)?\r?$)"""
_MEMO_SIZE = 20_000
_MEMO_LENGTH = 64


class _UnsureError(Exception):
    """The short way cannot tell: the exact one has to look."""


class _Memo(dict[str, Scalar]):
    """Plain scalars that were resolved before. Most of a repository's scalars are the same few thousand."""

    def __missing__(self, text: str) -> Scalar:
        value = resolve(text)
        if isinstance(value, Refused):
            raise _UnsureError
        if len(text) <= _MEMO_LENGTH:
            if len(self) >= _MEMO_SIZE:
                self.clear()
            self[text] = value
        return value


_memo = _Memo()


def read(path: str, data: bytes) -> tuple[Document | None, list[Finding]]:
    """The document in `data`, or None and everything that is wrong with it: with a finding there is no document."""
    text, findings = decode(path, data)
    if text is None:
        return None, findings
    if not findings and not _suspicious(data):
        value = _quick(data)
        if value is not None:
            return Document(path, text, value, _locate), []
    from terrace.yamlio.check import check

    exact, more = check(path, text)
    findings += more
    if findings or not isinstance(exact, dict):
        return None, findings
    return Document(path, text, exact, _locate), []


def load(text: str) -> tuple[Value, list[Finding]]:
    """The value of a text whose top level may be anything (a command-line argument, a test), and what is wrong."""
    from terrace.yamlio.check import check

    # What came in as bytes that are not UTF-8 stands in `text` as surrogates: as those bytes it is judged.
    decoded, findings = decode("", text.encode("utf-8", "surrogateescape"))
    return (None, findings) if findings or decoded is None else check("", decoded, any_value=True)


def _locate(text: str) -> dict[Pointer, Spans]:
    from terrace.yamlio.positions import locate

    return locate(text)


def _suspicious(data: bytes) -> bool:
    """Whether only the exact way may look at `data`: it may be deep or full, or hold what libyaml alone reads well."""
    if (b"&" in data or b"*" in data or b"!" in data or b"?" in data or b"%" in data) and re.search(_SIGN, data):
        return True
    comments = data.count(b" #") + data.count(b"\n#") + data.startswith(b"#")
    if data.count(b"#") != comments and _glued(data):
        return True
    return len(data) > _SHALLOW_BYTES and (
        len(data) > 2 * MAX_ENTRIES
        or (data.count(b"[") + data.count(b"{") > _MANY_BRACKETS and nesting(data) > _MANY_BRACKETS)
        or re.search(_DEEP_BLOCK, data) is not None
    )


def _glued(data: bytes) -> bool:
    """Whether a comment may stand directly behind a quote or a bracket. `x#y` is text, and `"#x"` often begins one."""
    if re.search(_GLUED, data):
        return True
    return data.count(b'"#') + data.count(b"'#") != len(re.findall(_QUOTED_SIGN, data))


def _quick(data: bytes) -> dict[str, Value] | None:
    """The mapping in `data` if everything about it is in order, else None."""
    try:
        node = libyaml.compose(data)
        return _mapping(node, MAX_DEPTH) if type(node) is MappingNode else None
    except (YAMLError, _UnsureError):
        return None


def _mapping(node: CollectionNode, depth: int) -> dict[str, Value]:
    if not depth:
        raise _UnsureError
    values: dict[str, Value] = {}
    for key, inner in node.value:
        if key.__class__ is not ScalarNode:
            raise _UnsureError
        if key.style:
            name = _styled(key)
        else:
            known = _memo[key.value]  # equal keys are one object: less memory, and found faster
            if known.__class__ is not str or known == "<<":
                raise _UnsureError
            name = known
        kind = inner.__class__
        if kind is ScalarNode:
            values[name] = _styled(inner) if inner.style else _memo[inner.value]
            continue
        if inner.flow_style and not node.flow_style:
            _one_line(inner)
        values[name] = _mapping(inner, depth - 1) if kind is MappingNode else _sequence(inner, depth - 1)
    if len(values) != len(node.value):
        raise _UnsureError
    return values


def _sequence(node: CollectionNode, depth: int) -> list[Value]:
    if not depth:
        raise _UnsureError
    values: list[Value] = []
    for inner in node.value:
        kind = inner.__class__
        if kind is ScalarNode:
            values.append(_styled(inner) if inner.style else _memo[inner.value])
            continue
        if inner.flow_style and not node.flow_style:
            _one_line(inner)
        values.append(_mapping(inner, depth - 1) if kind is MappingNode else _sequence(inner, depth - 1))
    return values


def _styled(node: ScalarNode) -> str:
    text: str = node.value
    if node.style in "'\"":
        _one_line(node)
    elif not text or text[0] == "\n":
        # Empty lines at the beginning of a block scalar may be indented deeper than its text.
        raise _UnsureError
    return text


def _one_line(node: CollectionNode | ScalarNode) -> None:
    # libyaml does not look at the indentation of what is in quotes or brackets.
    if node.start_mark.line != node.end_mark.line:
        raise _UnsureError
