"""The one merge is RFC 7396, changes nothing that it is given, and shares what it can."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.model.merge import merge
from tests.generated import merged

APPENDIX_A: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
"""Target, patch and result, as the RFC lists them."""

_scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3))
_keys = st.sampled_from("abc")
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_keys, inner, max_size=3), max_leaves=12
)


@pytest.mark.parametrize(("target", "patch", "result"), APPENDIX_A)
def test_examples_of_the_rfc(target: Any, patch: Any, result: Any) -> None:
    assert merge(target, patch) == result


@given(_values, _values)
def test_random_values_merge_as_the_rfc_says(target: Any, patch: Any) -> None:
    assert merge(target, patch) == merged(target, patch)


@given(_values, _values)
def test_neither_argument_is_changed(target: Any, patch: Any) -> None:
    before = copy.deepcopy((target, patch))
    merge(target, patch)
    assert (target, patch) == before


@given(_values)
def test_an_empty_patch_gives_an_equal_value(target: Any) -> None:
    assert merge(target, {}) == (target if isinstance(target, dict) else {})


@given(_values, _values)
def test_the_same_patch_a_second_time_changes_nothing(target: Any, patch: Any) -> None:
    once = merge(target, patch)
    assert merge(once, patch) == once


def test_what_the_patch_does_not_touch_is_shared() -> None:
    target = {"database": {"pool": 10}, "cors": {"origins": ["a"]}}
    result = merge(target, {"cors": {"origins": ["b"]}})
    assert result["database"] is target["database"]
    assert result["cors"] is not target["cors"]


def test_keys_keep_the_order_in_which_layers_brought_them() -> None:
    assert list(merge({"b": 1, "a": 2}, {"c": 3, "b": 4})) == ["b", "a", "c"]
