"""Canonical JSON: one text for each value."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.bundle import canonical
from terrace.errors import BundleError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_it_is_what_the_standard_library_writes(value: Any) -> None:
    plain = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert canonical(value) == plain.encode()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_stays_a_float_and_reads_back(value: float) -> None:
    back = json.loads(canonical(value))
    assert isinstance(back, float)
    assert back == value
    assert math.copysign(1, back) == math.copysign(1, value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"),
        (1e-7, "1e-07"),
        (0.00001, "1e-05"),
        (1e16, "1e+16"),
        ({"b": 1, "a": {"z": [], "é": {}}}, '{"a":{"z":[],"é":{}},"b":1}'),
        ("line\n\u2028 end/", '"line\\n\u2028 end/"'),
    ],
)
def test_the_documented_form(value: Any, text: str) -> None:
    assert canonical(value) == text.encode()


@pytest.mark.parametrize("value", ["\ud800", {1, 2}, {"a": object()}])
def test_what_has_no_json_form_is_refused(value: Any) -> None:
    with pytest.raises(BundleError, match="cannot be written as JSON"):
        canonical(value)
