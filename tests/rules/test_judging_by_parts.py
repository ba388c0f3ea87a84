"""A tenant's config is not checked as a whole where its parts prove it: the shortcut must never hide a fault."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from terrace.model.merge import merge, refine
from terrace.model.service import Contract
from terrace.validate.examples import CONTRACT
from terrace.validate.schema import Schemas

SCHEMAS = Schemas(Contract("app", CONTRACT))
BASE: dict[str, Any] = {
    "server": {"public_url": "https://www.harbourkitchen.com", "workers": 4},
    "database": {"host": "db.internal"},
    "cors": {"origins": []},
}
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-2, 99), st.sampled_from(["debug", "x", ""]), st.just([]))
SECTIONS = st.dictionaries(st.sampled_from(["public_url", "workers", "host", "port", "level", "origins"]), LEAVES)
OVERLAYS = st.dictionaries(st.sampled_from([*BASE, "logging", "unknown"]), st.one_of(LEAVES, SECTIONS), max_size=4)


@given(OVERLAYS)
def test_what_is_taken_for_valid_by_its_parts_is_valid_as_a_whole(overlay: dict[str, Any]) -> None:
    contract = SCHEMAS.contract
    base = contract.fill(BASE)
    assert not list(SCHEMAS.effective.problems(base))
    assert SCHEMAS.judges_by_parts
    if refine(base, overlay) is not None and not list(SCHEMAS.layer.problems(overlay)):
        assert not list(SCHEMAS.effective.problems(contract.fill(merge(BASE, overlay))))


@given(OVERLAYS)
def test_defaults_are_the_same_before_and_after_an_overlay_that_only_refines(overlay: dict[str, Any]) -> None:
    contract = SCHEMAS.contract
    assert contract.defaults_agree
    refined = refine(contract.fill(BASE), overlay)
    if refined is not None:
        assert refined == contract.fill(merge(BASE, overlay))


SHOPS = {"type": "object", "additionalProperties": {"type": "object", "properties": {"open": {"default": True}}}}
NESTED = Contract("app", {"type": "object", "properties": {"shops": SHOPS}})
ENTRIES = st.one_of(st.none(), st.just("closed"), st.dictionaries(st.sampled_from("ab"), st.one_of(LEAVES, SECTIONS)))


@given(st.fixed_dictionaries({"shops": ENTRIES}), st.fixed_dictionaries({"shops": ENTRIES}))
def test_what_was_filled_before_never_shows_in_what_is_filled_next(before: Any, after: Any) -> None:
    assert NESTED.fill(after, (before, NESTED.fill(before))) == NESTED.fill(after)


def test_a_section_whose_default_differs_from_its_fields_is_filled_in_full() -> None:
    section = {"type": "object", "properties": {"a": {"type": "integer", "default": 1}}, "default": {"a": 2}}
    contract = Contract("app", {"type": "object", "properties": {"s": section}})
    assert contract.fill({}) == {"s": {"a": 2}}
    assert not contract.defaults_agree


def test_a_contract_that_ties_values_together_is_judged_as_a_whole() -> None:
    tied = {**CONTRACT, "if": {"required": ["cors"]}, "then": {"required": ["images"]}}
    assert not Schemas(Contract("app", tied)).judges_by_parts
    entries = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    keyed = {**CONTRACT, "properties": {**CONTRACT["properties"], "queues": {"additionalProperties": entries}}}
    assert not Schemas(Contract("app", keyed)).judges_by_parts


def test_removing_a_value_or_adding_a_section_is_not_only_refining() -> None:
    assert refine(BASE, {"server": {"workers": 8}}) == {**BASE, "server": {**BASE["server"], "workers": 8}}
    assert refine(BASE, {"server": {"workers": None}}) is None
    assert refine(BASE, {"logging": {"level": "info"}}) is None
    assert refine(BASE, {"server": "none"}) is None
    assert refine(BASE, {"cors": {"origins": [{"host": "a.internal"}]}}) is None
