"""What is written reads back as the same value, here and by a reader of YAML 1.1."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.errors import TerraceError
from terrace.model.source import Pointer, dotted
from terrace.yamlio import dump, dump_scalar, load, render
from tests.soak import rounds
from tests.yamlio.documents import KEYS, SCALARS, VALUES


@pytest.mark.parametrize(
    "text",
    [
        *("no", "On", "y", "~", "null", "", "1_000", "12:30:45", "0123", "0o17", "1e5", "0x1f", "0b1", ".5", ".inf"),
        *("2020-01-01", "=", "<<", "- a", "a: b", "a #b", " a", "a ", "a:", "#a", "@a", "[a", "{", "?", "!a", "&a"),
        *("*a", "%a", "---", "a\nb"),
    ],
)
def test_text_that_a_reader_could_misread_is_quoted(text: str) -> None:
    assert dump_scalar(text)[0] in "'\""


@pytest.mark.parametrize(
    "text", ["abc", "a b", "30s", "10.0.0.1", "http://a/b?c=1&d", "a,b", "-x", "é", "a:b", "a#b", "v1.2", "/x", "it's"]
)
def test_other_text_stands_as_it_is(text: str) -> None:
    assert dump_scalar(text) == text


@settings(max_examples=rounds(500))
@given(SCALARS, st.booleans())
def test_a_scalar_reads_back_by_both_versions_of_yaml(value: Any, flow: bool) -> None:
    written = dump_scalar(value, flow=flow)
    text = f"[{written}]" if flow else f"- {written}"
    assert repr(load(text)) == repr(([value], []))
    assert repr(yaml.safe_load(text)) == repr([value])


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.sampled_from([0, 2, 5]))
def test_a_map_reads_back(value: dict[str, Any], indent: int) -> None:
    assert repr(load(dump(value, indent))) == repr((value, []))
    assert repr(yaml.safe_load(dump(value, indent))) == repr(value)


def test_render_writes_comments_by_pointer() -> None:
    values = {"a": {"b": 1, "c": []}, "d": ["x", {"e": "no", "f": 2}], "g": {}}

    def comment(pointer: Pointer) -> str:
        return "" if pointer == ("a",) else dotted(pointer)

    assert render(values, comment) == (
        "a:\n  b: 1  # a.b\n  c: []  # a.c\nd:  # d\n  - x  # d[0]\n"
        '  - e: "no"  # d[1].e\n    f: 2  # d[1].f\ng: {}  # g\n'
    )
    assert render({}) == "{}\n"


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 2**63, "\udfff", object()])
def test_what_yaml_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(TerraceError):
        dump({"a": value})
