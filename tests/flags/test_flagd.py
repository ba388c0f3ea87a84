"""flagd's definitions are brought in and given out without loss, and what cannot be is refused by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openfeature.contrib.tools.flagd.core import FlagdCore

from terrace.errors import FlagError
from terrace.flags.compile import compile_flags
from terrace.flags.flagd import export_flagd, import_flagd
from terrace.flags.read import area_of
from terrace.model.flag import Flags, Roster
from tests.data import shared
from tests.flags.schemas import problems
from tests.flags.written import ask, compiled, document, flag
from tests.soak import rounds

MINIMAL = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}


def through(definition: Any) -> Any:
    """`definition`, brought in, compiled and given out again."""
    area = area_of(document(import_flagd(json.dumps(definition), "production")))
    made = compile_flags(Flags((area,)), "production", (), Roster())
    return json.loads(export_flagd(made, "1a2b3c"))


def set_of(flags: Any, **more: Any) -> Any:
    """A definition as ours are given out, with these flags."""
    return {"flags": flags, "metadata": {"flagSetId": "production", "fractional": "v3", "version": "1a2b3c"}, **more}


NAMES = st.text(min_size=1, max_size=8) | st.sampled_from(["on", "off", "true", "null", "1", "a: b", "- x", "#"])
TEXT = st.text(max_size=12) | st.sampled_from(["on", "no", "2026-11-01", "0123", "1e3", "~", "{a}", "x: y", " ", "@a"])
WHOLE = st.integers(-(2**63), 2**63 - 1)
REAL = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = TEXT | WHOLE | REAL | st.booleans()
JSON = st.recursive(
    SCALARS | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
ATTRIBUTES = st.sampled_from(["plan", "seats", "tenant", "ünï"])
VARIANTS = st.sampled_from([st.booleans(), TEXT, WHOLE, REAL, st.dictionaries(NAMES, JSON, max_size=3)]).flatmap(
    lambda values: st.dictionaries(NAMES, values, min_size=1, max_size=3)
)
ABOUT = st.dictionaries(
    NAMES
    | st.sampled_from(["owner", "kind", "created", "expires", "permanent", "tags", "description", "link.x", "link."]),
    SCALARS | st.sampled_from(["release", "experiment", "2026-11-01", "a,b", "a,,b", "a,a", "us", ""]),
    max_size=4,
)


def _targeting(variants: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    served = st.sampled_from([*variants, None])
    attribute = st.builds(lambda name: {"var": name}, ATTRIBUTES)
    asked = st.one_of(
        st.builds(lambda one, value: {"==": [one, value]}, attribute, SCALARS | st.none()),
        st.builds(lambda one, values: {"in": [one, values]}, attribute, st.lists(SCALARS, max_size=4)),
        st.builds(lambda one, text: {"starts_with": [one, text]}, attribute, TEXT),
        st.builds(lambda seconds: {"<": [{"var": "$flagd.timestamp"}, seconds]}, st.integers(0, 2**32)),
    )
    asked = st.recursive(asked, lambda inner: st.builds(lambda a, b: {"and": [a, b]}, inner, inner), max_leaves=3)
    shares = st.lists(st.tuples(served, st.integers(1, 1000)).map(list), min_size=2, max_size=4)
    split = st.builds(lambda key, of: {"fractional": [{"cat": ["x", key]}, *of]}, attribute, shares) | st.builds(
        lambda of: {"fractional": of}, shares
    )
    return st.builds(lambda a, b, c: {"if": [a, b, c]}, asked, served | split, served | split) | st.just({})


@st.composite
def flagd_flags(draw: st.DrawFn) -> Any:
    """Any flag that flagd can say and we too."""
    variants = draw(VARIANTS)
    flag: dict[str, Any] = {"state": draw(st.sampled_from(["ENABLED", "DISABLED"])), "variants": variants}
    flag["defaultVariant"] = draw(st.sampled_from([*variants, None]))
    if draw(st.booleans()):
        flag["targeting"] = draw(_targeting(variants))
    if about := draw(ABOUT):
        flag["metadata"] = about
    return flag


KEYS = st.text(min_size=1, max_size=10).filter(lambda key: "/" not in key)


@settings(max_examples=rounds(60), deadline=None)
@given(st.dictionaries(KEYS, flagd_flags(), max_size=2))
def test_what_is_brought_in_is_given_out_again(flags: Any) -> None:
    given_out = through(set_of(flags))
    assert given_out == set_of(flags)
    # 1 and true are equal to Python; text tells them apart.
    assert json.dumps(given_out["flags"], sort_keys=True) == json.dumps(
        {key: _pointed(each) for key, each in flags.items()}, sort_keys=True
    )


def _pointed(said: Any) -> Any:
    """The flag with the point that whole numbers of a flag with fractions get."""
    kinds = {type(value) for value in said["variants"].values()}
    if float not in kinds:
        return said
    return {**said, "variants": {name: float(value) for name, value in said["variants"].items()}}


CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "targetingKey": st.sampled_from(["u1", "u2", "u3", "ünï"]),
        "tenant": st.sampled_from(["acme", "globex", "initech"]),
        "plan": st.sampled_from(["gold", "free"]),
        "seats": st.integers(0, 20),
    },
)
CONDITIONS = st.sampled_from(
    [
        "{tenant: [acme, globex]}",
        "{group: enterprise}",
        "{plan: gold, seats: {gt: 5}}",
        "{any: [{plan: free}, {not: {ring: early}}]}",
        "{now: {after: 2027-01-01T00:00:00Z}}",
    ]
)
RULES = st.one_of(
    st.builds("{{when: {}, serve: {}}}".format, CONDITIONS, st.sampled_from(["on", "off"])),
    st.builds("{{when: {}, rollout: {{on: {}, off: 10}}, by: tenant}}".format, CONDITIONS, st.integers(0, 30)),
)
STATES = st.builds(
    "{{default: {}, enabled: {}, kill: {}, rules: [{}]}}".format,
    st.sampled_from(["on", "off", "null"]),
    st.sampled_from(["true", "true", "false"]),
    st.sampled_from(["false", "false", "true"]),
    st.lists(RULES, max_size=3).map(", ".join),
)


@settings(max_examples=rounds(60), deadline=None)
@given(STATES, st.lists(CONTEXTS, min_size=1, max_size=5))
def test_what_is_given_out_and_brought_in_is_evaluated_alike(state: str, contexts: list[dict[str, Any]]) -> None:
    ours = compiled(flag(state))
    theirs = through(ours)
    assert theirs["flags"] == ours["flags"]
    one, other = FlagdCore(), FlagdCore()
    one.set_flags(json.dumps(ours))
    other.set_flags(json.dumps(theirs))
    assert problems(theirs) == []
    for context in contexts:
        assert ask(one, "f", context) == ask(other, "f", context)


def test_flagd_s_examples_are_brought_in_and_given_out_again() -> None:
    folder = shared("flags", "flagd-schemas", "test", "flags", "positive")
    for file in sorted(folder.glob("*.json")):
        given_out = through(json.loads(file.read_text("utf-8")))
        assert problems(given_out) == [], file.name
        assert given_out["flags"], file.name


def test_flags_in_an_array_are_named_by_their_key() -> None:
    assert through({"flags": [{"key": "a", **MINIMAL}]}) == set_of({"a": MINIMAL})


def test_no_default_variant_an_empty_one_and_null_are_the_same() -> None:
    without = {key: value for key, value in MINIMAL.items() if key != "defaultVariant"}
    expected = set_of({"a": {**MINIMAL, "defaultVariant": None}})
    assert through({"flags": {"a": without}}) == expected
    assert through({"flags": {"a": {**MINIMAL, "defaultVariant": ""}}}) == expected
    assert through({"flags": {"a": {**MINIMAL, "defaultVariant": None}}}) == expected


def test_a_boolean_is_the_default_variant_of_that_name() -> None:
    variants = {"true": "a", "false": "b"}
    given_out = through({"flags": {"a": {**MINIMAL, "variants": variants, "defaultVariant": False}}})
    assert given_out["flags"]["a"]["defaultVariant"] == "false"


def test_what_people_say_about_a_flag_is_taken_apart_and_put_together() -> None:
    about = {"owner": "us", "kind": "release", "tags": "a,b", "link.issue": "PAY-1", "created": "soon", "rank": 5}
    text = import_flagd(json.dumps({"flags": {"a": {**MINIMAL, "metadata": about}}}), "production")
    said = document(text).value["flags"]["a"]
    assert (said["owner"], said["tags"], said["links"]) == ("us", ["a", "b"], {"issue": "PAY-1"})
    assert said["metadata"] == {"kind": "release", "created": "soon", "rank": 5}
    assert through({"flags": {"a": {**MINIMAL, "metadata": about}}})["flags"]["a"]["metadata"] == about


def test_what_flags_share_is_put_into_each_whatever_its_order_and_letters() -> None:
    shared_ones = {"inner": {"in": ["ü\\", {"var": "city"}]}, "outer": {"!": [{"$ref": "inner"}]}}
    given_out = through(
        {"flags": {"a": {**MINIMAL, "targeting": {"if": [{"$ref": "outer"}, "off"]}}}, "$evaluators": shared_ones}
    )
    assert given_out["flags"]["a"]["targeting"] == {"if": [{"!": [{"in": ["ü\\", {"var": "city"}]}]}, "off"]}


def test_metadata_of_the_set_goes_to_each_flag_that_has_none_of_that_name() -> None:
    flags = {"a": MINIMAL, "b": {**MINIMAL, "metadata": {"team": "b"}}}
    given_out = through({"flags": flags, "metadata": {"team": "all", "version": "9", "flagSetId": "x"}})
    assert [each["metadata"] for each in given_out["flags"].values()] == [{"team": "all"}, {"team": "b"}]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"owner": "us"}, "it has owner, which evaluators refuse"),
        ({"state": "ON"}, "its state is neither ENABLED nor DISABLED"),
        ({"variants": {}}, "it has no variants"),
        ({"variants": {"on": True, "off": 0}}, "not all booleans, all text"),
        ({"variants": {"on": []}}, "not all booleans, all text"),
        ({"defaultVariant": "maybe"}, "its default variant 'maybe' is not one of on, off"),
        ({"targeting": {"$ref": "x"}}, "it refers to 'x', which is not among $evaluators"),
        ({"targeting": []}, "its targeting is not a map"),
        ({"metadata": {"a": None}}, "its metadata is not a map of"),
        ({"metadata": {"a": [1]}}, "its metadata is not a map of"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(change: dict[str, Any], why: str) -> None:
    with pytest.raises(FlagError) as refused:
        through({"flags": {"a": {**MINIMAL, **change}, "b": MINIMAL}})
    assert refused.value.message.startswith("a flag cannot be brought in: 'a': ")
    assert why in refused.value.message


def test_every_flag_that_cannot_be_brought_in_is_told() -> None:
    with pytest.raises(FlagError) as refused:
        through({"flags": {"a/b": MINIMAL, **{f"c{n}": {**MINIMAL, "state": "x"} for n in range(7)}}})
    assert refused.value.message.startswith("8 flags cannot be brought in: 'a/b': its key has a / in it")
    assert refused.value.message.endswith("and 3 more")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "this is no JSON"),
        ("[]", "not a flagd definition"),
        ('{"flags": {"a": 1, "a": 2}}', "has the key 'a' twice"),
        ('{"flags": {"a": {"variants": {"x": NaN}}}}', "NaN, which is no number"),
        ('{"flags": [{}]}', "a flag in the array has no key"),
        ('{"flags": {}, "metadata": {"fractional": "v2"}}', "split by fractional v2"),
        ('{"flags": {"a": {"state": "ENABLED", "variants": {"x": 99999999999999999999}}}}', "64 bits"),
        (
            '{"flags": {}, "$evaluators": {"a": {"$ref": "a"}}}'.replace(
                '"flags": {}', '"flags": {"f": {"state": "ENABLED", "variants": {"x": 1}, "targeting": {"$ref": "a"}}}'
            ),
            "$evaluators go round in a circle: a refers to a. Nothing",
        ),
    ],
)
def test_what_is_no_definition_is_refused(text: str, why: str) -> None:
    with pytest.raises(FlagError) as refused:
        import_flagd(text, "production")
    assert why in f"{refused.value.message}. Nothing"


def test_a_definition_in_yaml_is_brought_in_too() -> None:
    text = 'flags:\n  a:\n    state: ENABLED\n    variants: {"on": true, "off": false}\n    defaultVariant: "on"\n'
    assert import_flagd(text, "e") == import_flagd(json.dumps({"flags": {"a": MINIMAL}}), "e")


AREA = """\
# What the shop shows.
flags:
  a:   # asked often
    type: boolean
    owner: us
    created: 2026-11-01
    permanent: true
    variants: {on: true, off: false}
    off_variant: off
    environments:
      staging: {default: off}
"""


def test_an_area_gets_new_flags_and_new_states_and_keeps_all_else() -> None:
    flags = {"a": MINIMAL, "b": {**MINIMAL, "state": "DISABLED"}}
    text = import_flagd(json.dumps({"flags": flags}), "production", document(AREA))
    assert text.startswith(AREA.rstrip("\n"))
    area = document(text).value["flags"]
    assert area["a"]["environments"] == {"staging": {"default": "off"}, "production": {"default": "on"}}
    assert area["b"]["environments"] == {"production": {"kill": True, "default": "on"}}
    assert import_flagd(json.dumps({"flags": flags}), "production", document(text)) == text


@pytest.mark.parametrize(
    ("change", "environment", "why"),
    [
        ({"variants": {"on": True}}, "production", "with other variants"),
        ({}, "staging", "says something else for staging"),
    ],
)
def test_an_area_that_says_something_else_is_not_changed(change: Any, environment: str, why: str) -> None:
    with pytest.raises(FlagError, match=why):
        import_flagd(json.dumps({"flags": {"a": {**MINIMAL, **change}}}), environment, document(AREA))


def test_a_flag_that_requires_others_takes_no_state_from_elsewhere() -> None:
    needing = AREA.replace("    off_variant", "    requires: [{flag: z, variant: on}]\n    off_variant")
    with pytest.raises(FlagError, match="requires other flags"):
        import_flagd(json.dumps({"flags": {"a": MINIMAL}}), "production", document(needing))


def test_what_is_given_out_says_its_version_where_it_has_one() -> None:
    made = compiled(flag("{default: on}"))
    assert json.loads(export_flagd(made, "abc"))["metadata"]["version"] == "abc"
    assert "version" not in json.loads(export_flagd(made))["metadata"]
