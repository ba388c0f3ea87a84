"""Documents as people write them: comments, odd spacing, quotes, brackets, empty lines, CRLF."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from terrace.yamlio import dump_scalar
from terrace.yamlio.write import dump_flow, quote

KEYS = st.sampled_from(["a", "b", "host", "pool_size", "no", "1", "a b", "x.y", "é", "", "it's", "#", "- d"])
TEXTS = st.one_of(
    st.sampled_from(
        ["no", "1_000", "12:30:45", "0123", "a: b", "x #y", "'", '"', "null", " pad ", "~", "-", "a, b", "{"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)
MAPS = st.dictionaries(KEYS, VALUES, max_size=5)


@st.composite
def texts(draw: st.DrawFn, values: st.SearchStrategy[dict[str, Any]] = MAPS) -> tuple[str, dict[str, Any]]:
    """A text and the map it holds."""
    value = draw(values)
    head = draw(st.sampled_from(["", "# head\n", "# head\n\n", "---\n"]))
    text = head + ("".join(_map(draw, value, 0)) if value else "{}\n") + draw(st.sampled_from(["", "# end\n", "\n"]))
    text = text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    return (text.rstrip("\r\n") if draw(st.booleans()) else text), value


def _map(draw: st.DrawFn, value: dict[str, Any], indent: int) -> list[str]:
    lines = []
    for key, inner in value.items():
        lines += draw(st.sampled_from([[], [], ["\n"], [f"{' ' * indent}# about it\n"], ["# odd place\n"]]))
        lines += _entry(draw, " " * indent + dump_scalar(key) + ":", inner, indent)
    return lines


def _entry(draw: st.DrawFn, start: str, value: Any, indent: int) -> list[str]:
    gap, comment = draw(st.sampled_from([" ", "  "])), draw(st.sampled_from(["", "", " # why", "   # ünicode: {"]))
    if value in ({}, []) or not isinstance(value, (dict, list)) or draw(st.booleans()):
        return [f"{start}{gap}{_inline(draw, value)}{comment}\n"]
    step = draw(st.sampled_from([2, 2, 4, 1]))
    if isinstance(value, dict):
        return [f"{start}{comment}\n", *_map(draw, value, indent + step)]
    dash = indent + draw(st.sampled_from([0, step])) if start.endswith(":") else indent + step
    lines = [f"{start}{comment}\n"]
    for item in value:
        lines += _item(draw, item, dash)
    return lines


def _item(draw: st.DrawFn, item: Any, dash: int) -> list[str]:
    if isinstance(item, dict) and item and draw(st.booleans()):
        first, *rest = _entries(draw, item, dash + 2)
        return [" " * dash + "- " + first[dash + 2 :], *rest]
    return _entry(draw, " " * dash + "-", item, dash)


def _entries(draw: st.DrawFn, value: dict[str, Any], indent: int) -> list[str]:
    lines = []
    for key, inner in value.items():
        lines += _entry(draw, " " * indent + dump_scalar(key) + ":", inner, indent)
    return lines


def _inline(draw: st.DrawFn, value: Any) -> str:
    if isinstance(value, (dict, list)):
        return dump_flow(value)
    if isinstance(value, str) and draw(st.booleans()):
        return quote(value, draw(st.sampled_from(["'", '"'])))
    return dump_scalar(value) if value is not None else draw(st.sampled_from(["null", "~"]))
