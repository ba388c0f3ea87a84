"""What a flag can come to for everyone: never less than what flagd's evaluator says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from terrace.flags.evaluator import ABSENT, FlagSet
from terrace.flags.folding import Reach, everyone, reach
from tests.flags.written import ROSTER, compiled
from tests.flags.written import flag as written
from tests.soak import rounds

NOW = 1_800_000_000
TENANTS = ("acme", "globex")


def flag(targeting: Any = None, **more: Any) -> dict[str, Any]:
    said = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", **more}
    return said if targeting is None else {**said, "targeting": targeting}


def constant(definition: dict[str, Any], **more: Any) -> str | None:
    """The variant for everyone; `many` where there are more, or where it is not proved."""
    found = reach(definition, NOW, **more)
    return found.always if found.is_constant else "many"


@pytest.mark.parametrize(
    ("targeting", "expected"),
    [
        (None, "off"),
        ({}, "off"),
        ({"if": [{"===": [{"var": "tenant"}, "acme"]}, "on", "off"]}, "many"),
        ({"if": [{"===": [{"var": "tenant"}, "acme"]}, "on", "on"]}, "on"),
        ({"if": [{"===": [{"var": "tenant"}, "acme"]}, "off"]}, "off"),
        ({"if": [{"<": [{"var": "$flagd.timestamp"}, NOW]}, "off", "on"]}, "on"),
        ({"if": [{"<": [{"var": "$flagd.timestamp"}, NOW + 1]}, "off", "on"]}, "many"),
        ({"if": [{">=": [{"var": "$flagd.timestamp"}, NOW + 9]}, "on", "on"]}, "on"),
        ({"fractional": [{"cat": ["s/", {"var": "tenant"}]}, ["on", 100], ["off", 0]]}, "on"),
        ({"fractional": [{"cat": ["s/", {"var": "tenant"}]}, ["on", 99], ["off", 1]]}, "many"),
        ({"fractional": [["on", 100]]}, "many"),
        ({"fractional": [{"var": "tenant"}, ["on", 100]]}, "many"),
        ({"fractional": [{"cat": ["s"]}, ["on", 1.5]]}, "many"),
        ({"if": [{"%": [1, {"var": "x"}]}, "on", "on"]}, "many"),
        ({"if": [{"unknown": []}, "on", "on"]}, "many"),
        ({"if": [{"and": [False, {"var": "x"}]}, "on", "off"]}, "off"),
        ({"if": [{"or": [{"var": "x"}, True]}, "on", "off"]}, "on"),
        ({"if": [True, "gone", "on"]}, "many"),
        ({"===": [1, 1]}, "many"),
    ],
)
def test_what_is_one_variant_for_everyone(targeting: Any, expected: str) -> None:
    assert constant(flag(targeting)) == expected


def test_the_results_true_and_false_are_variants_of_that_name() -> None:
    assert constant(flag({"===": [1, 1]}, variants={"true": True, "false": False}, defaultVariant="false")) == "true"


def test_a_tenant_s_own_variant_is_known_where_the_tenant_is() -> None:
    many = "," + ",".join(["acme", *(f"t{number}" for number in range(2400))]) + ","
    asked = {"in": [{"cat": [",", {"var": "tenant"}, ","]}, many]}
    definition = flag({"if": [asked, "on", "off"]})
    assert [constant(definition, tenant=name) for name in ("", "acme", "globex")] == ["many", "on", "off"]


def test_a_killed_flag_is_the_application_s_default() -> None:
    assert constant(flag(state="DISABLED")) is None
    assert constant(flag(defaultVariant=None)) is None


def test_what_holds_only_for_those_who_have_an_attribute_says_so() -> None:
    definition = flag({"if": [{"and": [True, {"var": "targetingKey"}]}, "on", "off"]})
    assert constant(definition) == "many"
    assert reach(definition, NOW, given=("targetingKey",)) == Reach(frozenset({"on"}), False, ("targetingKey",))


def test_a_variant_that_cannot_be_served_proves_nothing() -> None:
    assert constant(flag(variants={"on": True, "off": "no"})) == "many"
    assert constant(flag(defaultVariant="none")) == "many"


def test_logic_that_nests_too_deeply_proves_nothing() -> None:
    logic: Any = "on"
    for _ in range(5000):
        logic = {"if": [True, logic]}
    assert constant(flag(logic)) == "many"


NAMES = st.sampled_from(["tenant", "targetingKey", "plan", "user.email", "n"])
SCALARS = st.one_of(
    st.sampled_from(["on", "off", "acme", "globex", "", "1.2.3", "a,b", "0"]),
    st.integers(-3, 3), st.booleans(), st.none(), st.sampled_from([0.5, 1.0, 2.0]),
)  # fmt: skip
VARIABLES = st.one_of(
    NAMES.map(lambda name: {"var": name}),
    st.just({"var": "$flagd.timestamp"}),
    st.builds(lambda name, value: {"var": [name, value]}, NAMES, SCALARS),
)
MOMENTS = st.sampled_from([NOW - 50, NOW, NOW + 50])


def _operators(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    pair = st.lists(inner, min_size=1, max_size=3)
    variant = st.sampled_from(["on", "off"])
    weight = st.one_of(
        st.integers(-1, 3), st.builds(lambda at: {"-": [{"var": "$flagd.timestamp"}, at]}, MOMENTS), inner
    )
    share = st.one_of(st.builds(lambda v, w: [v, w], st.one_of(variant, inner), weight), variant.map(lambda v: [v]))
    names = [
        "==", "!=", "===", "!==", "<", "<=", ">", ">=", "!", "!!", "+", "-", "*", "/", "%", "min", "max", "in", "cat",
        "and", "or", "if", "starts_with", "ends_with", "merge", "substr", "missing", "some", "all", "filter", "?:",
    ]  # fmt: skip
    time = st.builds(
        lambda op, at: {op: [{"var": "$flagd.timestamp"}, at]}, st.sampled_from(["<", "<=", ">", ">=", "-"]), MOMENTS
    )
    return st.one_of(
        st.builds(lambda name, args: {name: args}, st.sampled_from(names), pair),
        st.builds(lambda a, b, c: {"if": [a, b, c]}, inner, inner, inner),
        time,
        st.builds(
            lambda by, shares: {"fractional": [{"cat": ["s/", by]}, *shares]}, inner, st.lists(share, max_size=3)
        ),
        st.builds(lambda by, shares: {"fractional": [by, *shares]}, inner, st.lists(share, max_size=3)),
        st.builds(lambda shares: {"fractional": shares}, st.lists(share, max_size=3)),
        st.lists(inner, max_size=2),
    )


LOGIC = st.recursive(st.one_of(SCALARS, VARIABLES), _operators, max_leaves=12)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=2), st.just({"email": "acme"})), max_leaves=3
)
CONTEXTS = st.fixed_dictionaries(
    {}, optional={"tenant": VALUES, "targetingKey": st.sampled_from(["u1", "u2", "u3", ""]), "plan": VALUES,
                  "user": VALUES, "n": VALUES},
)  # fmt: skip


def answer(flags: FlagSet, context: dict[str, Any]) -> str | None:
    """The variant, None for the application's default; `error` for an error."""
    found = flags.resolve("f", context)
    if found.reason == "ERROR":
        return "error"
    return None if found.value is ABSENT else found.variant


@settings(max_examples=rounds(600), deadline=None)
@given(
    LOGIC, st.sampled_from(["on", "off", None]), st.lists(CONTEXTS, min_size=1, max_size=6),
    st.sampled_from(["", *TENANTS]), st.sets(st.sampled_from(["targetingKey", "plan"])),
    st.lists(st.sampled_from([0, 1, 49, 50, 51, 10**6, 10**9]), min_size=1, max_size=3),
)  # fmt: skip
def test_flagd_never_says_what_was_not_foreseen(
    logic: Any, default: str | None, contexts: list[Any], tenant: str, has: set[str], after: list[int]
) -> None:
    # Branches that end in variants, or else hardly any of the examples comes to one.
    definition = flag({"if": [logic, "on", logic, "off", logic]}, defaultVariant=default)
    found = reach(definition, NOW, tenant=tenant, given=has)
    assume(found.variants is not None)
    event(f"constant: {found.is_constant}")
    whole = FlagSet(json.dumps({"flags": {"f": definition}}).encode())
    for seconds in after:
        flags = whole.at(NOW + seconds)
        for given_context in contexts:
            context = {**given_context, **({"tenant": tenant} if tenant else {})}
            context |= {name: "u7" for name in has if not context.get(name)}
            said = answer(flags, context)
            assert found.fails if said == "error" else said in (found.variants or ()), context


@settings(max_examples=rounds(300), deadline=None)
@given(LOGIC, st.lists(CONTEXTS, min_size=1, max_size=4), st.sampled_from(["", *TENANTS]))
def test_a_folded_constant_never_disagrees(logic: Any, contexts: list[Any], tenant: str) -> None:
    definition = flag(logic if isinstance(logic, dict) else {"if": [logic, "on"]}, variants={
        "on": True, "off": False, "true": True, "false": False,
    })  # fmt: skip
    found = reach(definition, NOW, tenant=tenant)
    event(f"constant: {found.is_constant}")
    assume(found.is_constant)
    flags = FlagSet(json.dumps({"flags": {"f": definition}}).encode()).at(NOW)
    for context in contexts:
        assert answer(flags, {**context, **({"tenant": tenant} if tenant else {})}) == found.always


def state(body: str) -> dict[str, Any]:
    """The definition of a flag whose state in production is `body`, as it is compiled."""
    definition: dict[str, Any] = compiled(written(body))["flags"]["f"]
    return definition


def day(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


PROGRESS = (
    "{default: off, progress: {variant: on, start: 2027-01-01T00:00:00Z, end: 2028-01-01T00:00:00Z, "
    "first: 0, last: 100, by: targetingKey}}"
)


@pytest.mark.parametrize(
    ("body", "year", "variants", "given_"),
    [
        ("{default: on}", 2027, {"on"}, ()),
        ("{enabled: false, default: on}", 2027, {"off"}, ()),
        ("{kill: true, default: on}", 2027, {None}, ()),
        ("{default: off, rules: [{when: {plan: pro}, serve: off}]}", 2027, {"off"}, ()),
        ("{default: off, rules: [{when: {plan: pro}, serve: on}]}", 2027, {"on", "off"}, ()),
        ("{default: off, rules: [{when: {appVersion: {semver: '>=2'}}, serve: on}]}", 2027, {"on", "off"}, ()),
        ("{default: off, rules: [{when: {group: nobody}, serve: on}]}", 2027, {"off"}, ()),
        ("{default: off, rules: [{when: {tenant: [acme, globex, initech]}, serve: on}]}", 2027, {"on"}, ("tenant",)),
        ("{default: off, rules: [{when: {tenant: [acme, globex]}, serve: on}]}", 2027, {"on", "off"}, ()),
        ("{default: off, rules: [{rollout: {on: 100, off: 0}, by: tenant}]}", 2027, {"on"}, ("tenant",)),
        ("{default: off, rules: [{rollout: {on: 99, off: 1}, by: tenant}]}", 2027, {"on", "off"}, ()),
        ("{default: off, schedule: [{at: 2027-06-01T00:00:00Z, default: on}]}", 2027, {"on", "off"}, ()),
        ("{default: off, schedule: [{at: 2027-06-01T00:00:00Z, default: on}]}", 2028, {"on"}, ()),
        (PROGRESS, 2026, {"on", "off"}, ()),
        (PROGRESS, 2027, {"on", "off"}, ()),
        (PROGRESS, 2028, {"on"}, ("targetingKey",)),
    ],
)
def test_what_a_written_state_comes_to_from_a_year_on(
    body: str, year: int, variants: set[str | None], given_: tuple[str, ...]
) -> None:
    found = everyone(state(body), day(year), ROSTER.tenants)
    assert (found.variants, found.given) == (variants, given_)
