"""What a flag becomes in an environment, and what its subjects get."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from openfeature.contrib.tools.flagd.core import FlagdCore

from terrace.errors import FlagError
from tests.flags.schemas import problems
from tests.flags.written import ask, asked, compiled, flag

OFF = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"}
ABOUT = {"owner": "us", "created": "2026-11-01", "permanent": True}


def at(text: str) -> float:
    """The seconds of a moment."""
    return datetime.fromisoformat(text).timestamp()


def of(body: str, **context: Any) -> Any:
    """What the flag in that state becomes, without what is said about it."""
    made = compiled(flag(body))["flags"]["f"]
    assert made.pop("metadata") == ABOUT
    return made


def test_a_flag_with_a_default_is_static() -> None:
    assert of("{default: on}") == {**OFF, "defaultVariant": "on"}


def test_the_application_s_own_default_is_no_variant() -> None:
    assert of("{default: null}") == {**OFF, "defaultVariant": None}
    assert asked(compiled(flag("{default: null}")), "f", {}) == (None, None, "DEFAULT")


def test_a_flag_that_is_not_enabled_is_off_whatever_its_rules() -> None:
    assert of("{enabled: false, default: on, rules: [{when: {a: b}, serve: on}]}") == OFF


def test_a_killed_flag_is_disabled_and_keeps_all_else_for_when_it_is_back() -> None:
    alive = of("{default: off, rules: [{when: {a: b}, serve: on}]}")
    assert of("{kill: true, default: off, rules: [{when: {a: b}, serve: on}]}") == {**alive, "state": "DISABLED"}


def test_rules_are_asked_in_their_order() -> None:
    made = of("{default: off, rules: [{when: {a: 1}, serve: on}, {when: {b: 1}, serve: off}]}")
    assert made["targeting"] == {"if": [{"===": [{"var": "a"}, 1]}, "on", {"===": [{"var": "b"}, 1]}, "off"]}


def test_rules_for_nobody_and_behind_one_for_everybody_are_not_compiled() -> None:
    assert (
        of("{default: off, rules: [{when: {group: nobody}, serve: on}, {serve: off}, {when: {a: 1}, serve: on}]}")
        == OFF
    )


def test_a_split_names_its_key_and_leaves_out_who_has_no_share() -> None:
    made = of("{default: off, rules: [{rollout: {on: 20, off: 80}, by: tenant}]}")
    key = {"cat": ["f", "/", {"var": "tenant"}]}
    split = {"fractional": [key, ["on", 20], ["off", 80]]}
    assert made["targeting"] == {"if": [{"var": "tenant"}, split]}
    assert of("{default: off, rules: [{rollout: {on: 0, off: 5}}]}")["targeting"] == {
        "if": [{"var": "targetingKey"}, "off"]
    }


def test_the_salt_decides_who_gets_what_and_not_the_key() -> None:
    body = "{default: off, rules: [{rollout: {on: 50, off: 50}}]}"
    salted = flag(body).replace("off_variant", "salt: old\n    off_variant")
    renamed = salted.replace("  f:", "  g:")
    subjects = [f"user-{number}" for number in range(100)]
    one = [asked(compiled(salted), "f", {"targetingKey": each}).variant for each in subjects]
    assert one == [asked(compiled(renamed), "g", {"targetingKey": each}).variant for each in subjects]
    assert one != [asked(compiled(flag(body)), "f", {"targetingKey": each}).variant for each in subjects]


def test_an_environment_takes_the_state_of_the_nearest_it_extends() -> None:
    text = flag("{default: on}").replace("{production:", "{base: {default: off}, production:")
    assert compiled(text, "eu", ["production", "base"])["flags"]["f"]["defaultVariant"] == "on"
    assert compiled(text, "eu", ["base"])["flags"]["f"]["defaultVariant"] == "off"
    assert compiled(text, "elsewhere")["flags"]["f"]["defaultVariant"] == "off"


def test_the_set_is_named_for_the_environment_and_says_how_it_splits() -> None:
    assert compiled(flag("{default: on}"), "eu")["metadata"] == {"flagSetId": "eu", "fractional": "v3"}


PROGRESS = "variant: on, start: 2027-01-15T00:00:00Z, end: 2027-01-25T00:00:00Z"


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ("", [0, 0, 25, 50, 100]),
        (", first: 10, last: 40", [0, 10, 17, 25, 40]),
        (", first: 100, last: 0", [0, 100, 75, 50, 0]),
    ],
)
@pytest.mark.parametrize("default", ["off", "null"])
def test_a_share_grows_with_time(shares: str, expected: list[int], default: str) -> None:
    definition = compiled(flag(f"{{default: {default}, progress: {{{PROGRESS}{shares}}}}}"))
    assert problems(definition) == []
    days = ("14T23:59:59", "15T00:00:00", "17T12:00:00", "20T00:00:00", "25T00:00:00")
    found = [_on(definition, at(f"2027-01-{day}Z")) for day in days]
    assert found == pytest.approx(expected, abs=4)
    assert asked(definition, "f", {}, at("2027-03-01T00:00:00Z")).variant == (None if default == "null" else "off")


def _on(definition: Any, now: float) -> float:
    core = FlagdCore()
    core.set_flags(json.dumps(definition))
    variants = Counter(ask(core, "f", {"targetingKey": f"u{n}"}, now).variant for n in range(800))
    assert set(variants) <= {"on", "off", None}
    return variants["on"] / 8


def test_who_has_a_growing_share_keeps_it() -> None:
    definition = compiled(flag(f"{{default: off, progress: {{{PROGRESS}}}}}"))
    had: set[int] = set()
    for day in range(15, 26):
        now = at(f"2027-01-{day}T00:00:00Z")
        have = {n for n in range(100) if asked(definition, "f", {"targetingKey": f"u{n}"}, now).variant == "on"}
        assert had <= have
        had = have
    assert len(had) == 100


def test_a_progress_that_no_evaluator_could_count_is_refused() -> None:
    years = PROGRESS.replace("2027-01-25", "2047-01-25")
    compiled(flag(f"{{default: off, progress: {{{years}}}}}"))
    with pytest.raises(FlagError, match=r"flags/0.yaml:9:\d+: a progress as long as this"):
        compiled(flag(f"{{default: off, progress: {{{years}, first: 1}}}}"))


def test_a_schedule_replaces_the_state_from_a_moment_on() -> None:
    schedule = (
        "{at: 2027-02-01T00:00:00Z, default: on, rules: []}, {at: 2027-03-01T00:00:00Z, enabled: false},"
        " {at: 2027-04-01T00:00:00Z, enabled: true, default: null}"
    )
    definition = compiled(flag(f"{{default: off, rules: [{{when: {{a: 1}}, serve: on}}], schedule: [{schedule}]}}"))
    assert problems(definition) == []
    months = [at(f"2027-0{month}-01T00:00:00Z") for month in range(1, 5)]
    assert [asked(definition, "f", {}, month).variant for month in months] == ["off", "on", "off", None]
    assert [asked(definition, "f", {"a": 1}, month).variant for month in months] == ["on", "on", "off", None]
    assert asked(definition, "f", {}, months[1] - 1).variant == "off"


def test_a_flag_that_is_off_can_be_scheduled() -> None:
    made = of("{enabled: false, schedule: [{at: 2027-02-01T00:00:00Z, enabled: true, default: on}]}")
    assert made == {**OFF, "targeting": {"if": [{"<": [{"var": "$flagd.timestamp"}, 1801440000]}, None, "on"]}}


def requiring(body: str, variant: str = "on", own: str = "{default: on}") -> Any:
    """The definition of the flag `f` that requires the flag `p`, whose state in production is `body`."""
    other = flag(body).partition("flags:\n")[2].replace("  f:", "  p:")
    return compiled(
        flag(own).replace("off_variant", f"requires: [{{flag: p, variant: {variant}}}]\n    off_variant") + other
    )


def test_without_what_it_requires_a_flag_is_off() -> None:
    definition = requiring("{default: off, rules: [{when: {plan: gold}, serve: on}, {rollout: {on: 30, off: 70}}]}")
    assert problems(definition) == []
    for number in range(50):
        for context in ({"targetingKey": f"u{number}"}, {"plan": "gold"}):
            assert asked(definition, "f", context).variant == asked(definition, "p", context).variant


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{default: on}", "on"),
        ("{default: off}", "off"),
        ("{default: null}", "off"),
        ("{default: on, kill: true}", "off"),
        ("{default: on, enabled: false}", "off"),
    ],
)
def test_a_required_flag_that_is_the_same_for_everybody_is_folded_away(body: str, expected: str) -> None:
    definition = requiring(body)
    assert "targeting" not in definition["flags"]["f"]
    assert asked(definition, "f", {}).variant == expected


def test_one_rule_that_is_required_is_asked_as_it_is() -> None:
    made = requiring("{default: off, rules: [{when: {plan: gold}, serve: on}]}")["flags"]["f"]
    assert made["targeting"] == {"if": [{"!==": [{"var": "plan"}, "gold"]}, "off"]}


def test_the_rules_of_a_flag_come_behind_what_it_requires() -> None:
    own = "{default: off, rules: [{when: {beta: true}, serve: on}]}"
    definition = requiring("{default: off, rules: [{when: {plan: gold}, serve: on}]}", own=own)
    assert asked(definition, "f", {"beta": True}).variant == "off"
    assert asked(definition, "f", {"beta": True, "plan": "gold"}).variant == "on"
    assert asked(definition, "f", {"plan": "gold"}).variant == "off"


def test_the_key_in_targeting_by_hand_stays_that_of_its_flag_where_it_is_required() -> None:
    raw = "{default: off, targeting: {if: [{in: [{var: $flagd.flagKey}, [p]]}, on, off]}}"
    definition = requiring(raw)
    assert asked(definition, "p", {}).variant == "on"
    assert asked(definition, "f", {}).variant == "on"


def test_targeting_by_hand_may_come_to_a_boolean_for_a_variant_of_that_name() -> None:
    raw = flag("{default: null, targeting: {===: [{var: a}, 1]}}").partition("flags:\n")[2].replace("  f:", "  p:")
    raw = raw.replace("on: true, off: false", "'true': true, 'false': false").replace(
        "variant: off", "variant: 'false'"
    )
    needing = flag("{default: on}").replace("off_variant", "requires: [{flag: p, variant: 'true'}]\n    off_variant")
    definition = compiled(needing + raw)
    assert asked(definition, "p", {"a": 1}).variant == "true"
    assert asked(definition, "f", {"a": 1}).variant == "on"
    assert asked(definition, "f", {}).variant == "off"


def test_a_split_by_hand_that_depends_on_its_flag_cannot_be_required() -> None:
    with pytest.raises(FlagError, match="has a fractional without a key to split by"):
        requiring("{default: off, targeting: {fractional: [[on, 50], [off, 50]]}}")


def test_targeting_by_hand_that_says_nothing_leaves_the_default_to_the_flag() -> None:
    definition = requiring("{default: on, targeting: {if: [{===: [{var: a}, 1]}, off]}}")
    assert asked(definition, "f", {}).variant == "on"
    assert asked(definition, "f", {"a": 1}).variant == "off"


def test_requirements_in_a_circle_are_refused() -> None:
    one = flag("{default: on}").replace("off_variant", "requires: [{flag: g, variant: on}]\n    off_variant")
    other = one.partition("flags:\n")[2].replace("  f:", "  g:").replace("flag: g", "flag: f")
    with pytest.raises(FlagError, match=r"a circle: f requires g requires f|a circle: g requires f requires g"):
        compiled(one + other)


def test_requirements_that_double_again_and_again_are_refused_and_not_written_out() -> None:
    plain = flag("{default: on, rules: [{when: {a: 1}, serve: off}]}").partition("flags:\n")[2]
    layers = ["flags:\n" + plain.replace("  f:", "  l0a:") + plain.replace("  f:", "  l0b:")]
    for n in range(1, 20):
        needs = plain.replace(
            "off_variant",
            f"requires: [{{flag: l{n - 1}a, variant: on}}, {{flag: l{n - 1}b, variant: on}}]\n    off_variant",
        )
        layers += [needs.replace("  f:", f"  l{n}a:"), needs.replace("  f:", f"  l{n}b:")]
    with pytest.raises(FlagError, match="comes to more than 100 others"):
        compiled("".join(layers))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{default: maybe}", "flag 'f' has no variant 'maybe'; it has on, off"),
        ("{rules: [{serve: maybe}]}", "flag 'f' has no variant 'maybe'"),
        ("{rules: [{rollout: {maybe: 5}}]}", "flag 'f' has no variant 'maybe'"),
        ("{rules: [{name: nothing}]}", "a rule serves a variant, or has weights above 0"),
        ("{rules: [{rollout: {on: 0}}]}", "weights above 0"),
        ("{schedule: [{at: soon, default: on}]}", "'soon' is not a moment"),
        ("{progress: {variant: on, start: 2027-01-02T00:00:00Z, end: 2027-01-01T00:00:00Z}}", "ends after its start"),
        (
            "{schedule: [{at: 2027-02-01T00:00:00Z, default: on}, {at: 2027-01-01T00:00:00Z, default: off}]}",
            "one after the other",
        ),
    ],
)  # fmt: skip
def test_a_state_that_makes_no_sense_is_refused_with_its_place(body: str, message: str) -> None:
    with pytest.raises(FlagError) as refused:
        compiled(flag(body))
    assert refused.value.message.startswith("flags/0.yaml:9:")
    assert message in refused.value.message


@pytest.mark.parametrize("values", ["on: 1, off: 0", "on: 'true', off: 'false'", "on: true, off: null"])
def test_variants_of_another_type_are_refused(values: str) -> None:
    with pytest.raises(FlagError, match="is not of type boolean"):
        compiled(flag("{default: on}").replace("on: true, off: false", values))


def test_what_is_said_about_a_flag_is_in_its_metadata() -> None:
    text = flag("{default: on}").replace(
        "permanent: true",
        "expires: 2027-03-31\n    kind: experiment\n    description: New\n    tags: [a, b]\n"
        "    links: {issue: PAY-1}\n    metadata: {rank: 5}",
    )
    assert compiled(text)["flags"]["f"]["metadata"] == {
        "owner": "us",
        "description": "New",
        "kind": "experiment",
        "created": "2026-11-01",
        "expires": "2027-03-31",
        "tags": "a,b",
        "link.issue": "PAY-1",
        "rank": 5,
    }
