"""Where evaluators surprise, and how what we compile does not."""

from __future__ import annotations

import json
import logging
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature.contrib.tools.flagd.core import FlagdCore

from terrace.model.flag import Roster
from tests.flags.written import ask, asked, compiled, flag, is_on, rule_for


@pytest.mark.parametrize("asks", ["{lt: 5}", "{lte: 0}", "{gt: -1}", "{gte: 0}", "0", "false"])
def test_a_missing_attribute_is_no_zero(asks: str) -> None:
    assert not is_on(rule_for(f"{{n: {asks}}}"))


@pytest.mark.parametrize("when", ["{n: {ne: 5}}", "{n: {not_in: [5, 6]}}"])
def test_what_is_missing_is_not_compared(when: str) -> None:
    assert not is_on(rule_for(when))
    assert is_on(rule_for(when), n=7)


def test_text_and_a_number_are_not_the_same() -> None:
    assert not is_on(rule_for("{n: 5}"), n="5")
    assert not is_on(rule_for("{n: '5'}"), n=5)


@pytest.mark.parametrize("asks", ["{lt: 5}", "{gt: -1}"])
@pytest.mark.parametrize("value", ["3", "", "junk", None])
def test_text_is_not_compared_as_a_number(asks: str, value: str | None) -> None:
    assert not is_on(rule_for(f"{{n: {asks}}}"), n=value)
    assert is_on(rule_for(f"{{n: {asks}}}"), n=3)


@pytest.mark.parametrize("value", [5, True, None, {"admin": 1}, [], "adm"])
def test_what_holds_no_text_does_not_contain_it(value: Any) -> None:
    assert not is_on(rule_for("{roles: {contains: admin}}"), roles=value)


def test_a_missing_version_does_not_reach_the_evaluator_which_would_log_it(caplog: pytest.LogCaptureFixture) -> None:
    definition = rule_for("{v: {semver: '>=2.0.0'}}")
    with caplog.at_level(logging.DEBUG):
        assert not is_on(definition)
    assert not caplog.records


def test_letters_of_any_language_load_in_segments_rules_and_keys_to_split_by() -> None:
    text = flag(
        "{default: off, rules: [{when: {segment: zürich}, serve: on}, {rollout: {on: 50, off: 50}, by: straße}]}",
        more='segments:\n  zürich: {when: {city: ["Zürich", "a\\\\b", "東京"]}}\n',
    )
    definition = compiled(text)
    assert "$evaluators" not in definition
    assert is_on(definition, city="東京")
    assert is_on(definition, city="a\\b")
    assert asked(definition, "f", {"straße": "ünï"}).reason == "TARGETING_MATCH"


def test_a_subject_without_the_attribute_is_not_in_a_split() -> None:
    definition = compiled(flag("{default: off, rules: [{rollout: {on: 100}, by: tenant}]}"))
    assert asked(definition, "f", {"targetingKey": "x"}) == ("off", False, "DEFAULT")
    assert asked(definition, "f", {"tenant": ""}).variant == "off"
    assert asked(definition, "f", {"tenant": "acme"}).variant == "on"


MANY = [f"tenant-{number}" for number in range(200)]


NAMES = st.sampled_from(MANY)
VALUES = st.one_of(
    NAMES,
    st.lists(NAMES),
    st.lists(NAMES, min_size=2, max_size=3).map(",".join),
    st.text(),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
)


@given(VALUES)
def test_many_names_are_found_as_in_a_list(value: Any) -> None:
    assert (ask(_core_of_many(), "f", {"tenant": value}).variant == "on") == (value in MANY)


@cache
def _core_of_many() -> FlagdCore:
    core = FlagdCore()
    core.set_flags(json.dumps(rule_for(f"{{tenant: {json.dumps(MANY)}}}")))
    return core


def test_neighbours_in_the_long_text_are_no_name() -> None:
    definition = rule_for(f"{{tenant: {json.dumps(MANY)}}}")
    assert "tenant-7,tenant-8" in json.dumps(definition)
    assert is_on(definition, tenant="tenant-7")
    assert not is_on(definition, tenant="tenant-7,tenant-8")
    assert not is_on(definition, tenant=["tenant-7", "tenant-8"])
    assert not is_on(definition)


def test_names_with_a_comma_are_told_apart_all_the_same() -> None:
    definition = rule_for(f"{{city: {json.dumps([*MANY, 'a,b'])}}}")
    assert is_on(definition, city="a,b")
    assert not is_on(definition, city="a")


def test_the_tenants_of_a_large_group_are_found() -> None:
    roster = Roster(frozenset(MANY), {"all": frozenset(MANY)})
    definition = compiled(flag("{default: off, rules: [{when: {group: all}, serve: on}]}"), roster=roster)
    assert is_on(definition, tenant="tenant-199")
    assert not is_on(definition, tenant="tenant-200")


def test_whole_numbers_of_a_float_flag_keep_their_point() -> None:
    text = flag("{default: on}").replace("boolean", "float").replace("on: true, off: false", "on: 10, off: 0.5")
    assert '{"on": 10.0, "off": 0.5}' in json.dumps(compiled(text))


def test_nothing_but_what_evaluators_know_stands_in_a_flag() -> None:
    definition = compiled(flag("{default: on, reason: because, enabled: true}"))
    assert set(definition["flags"]["f"]) == {"state", "variants", "defaultVariant", "metadata"}
    assert set(definition) == {"flags", "metadata"}
