"""JSON is YAML: every JSON object reads as `json` reads it, except for the stated limits."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.yamlio import read
from tests.soak import rounds

# Stated: escaped halves of surrogate pairs, raw characters that cannot stand in YAML, keys past 1,024 characters.
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x7f\u2028\u2029\ufeff\ufffe\uffff"), max_size=20
)
RAW = TEXT.filter(lambda text: not any("\x7f" <= character <= "\x9f" for character in text))
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        RAW,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(RAW, inner, max_size=5)),
    max_leaves=25,
)


@settings(max_examples=rounds(300))
@given(st.dictionaries(RAW, VALUES, max_size=6), st.sampled_from([None, 0, 2, "\t"]))
def test_a_json_object_reads_the_same(value: dict[str, Any], indent: int | str | None) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    document, findings = read("x.json", text.encode())
    assert findings == []
    assert document is not None
    assert repr(document.value) == repr(json.loads(text))


@given(st.dictionaries(TEXT.filter(lambda text: all(c <= "\uffff" for c in text)), st.integers(0, 9), max_size=6))
def test_escapes_read_the_same(value: dict[str, int]) -> None:
    document, findings = read("x.json", json.dumps(value, ensure_ascii=True).encode())
    assert findings == []
    assert document is not None
    assert document.value == value


def test_the_stated_limits_are_findings() -> None:
    limits = {
        '{"a": "\\ud83d\\ude00"}': "SYN014",
        '{"a": "\x7f"}': "SYN014",
        '{"a": 1e999}': "SYN013",
        '{"a": 9223372036854775808}': "SYN013",
        '{"' + "k" * 1025 + '": 1}': "SYN004",
        '{"a": 1, "a": 2}': "SYN006",
        '{"a"\n: 1}': "SYN004",
    }
    assert {text: [f.code for f in read("x", text.encode())[1]] for text in limits} == {
        text: [code] for text, code in limits.items()
    }
