"""Who moves where a flag changes: the shares and the tenants that a plan tells are those that the evaluator gives."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from json_logic import jsonLogic
from openfeature.contrib.tools.flagd.core.targeting.targeting import OPERATORS

from terrace.flags.cases import Case
from terrace.flags.evaluator import FlagSet
from terrace.flags.moves import Moment, moments
from tests.flags.written import ROSTER, compiled, flag
from tests.soak import rounds

NOW = 1_800_000_000
SUBJECTS = 20_000
TENANTS = sorted(ROSTER.tenants)


def definition(state: str | None, more: str = "") -> Any:
    return compiled(flag(state, more=more))["flags"]["f"] if state else None


def moved(before: str | None, after: str | None, more: str = "") -> tuple[Moment, ...]:
    return moments("f", definition(before, more), definition(after, more), TENANTS, NOW)


def shares(case: Case) -> dict[tuple[str | None, str | None], float]:
    return {(each.before, each.after): round(float(each.share), 6) for each in case.moves}


def split(on: int, more: str = "by: userId") -> str:
    return f"{{default: off, rules: [{{rollout: {{on: {on}, off: {100 - on}}}, {more}}}]}}"


@pytest.mark.parametrize(
    ("before", "after", "expected", "how"),
    [
        (split(20), split(30), {("off", "on"): 0.1}, "exact"),
        (split(30), split(20), {("on", "off"): 0.1}, "exact"),
        (split(20), split(20), {}, "exact"),
        # In the other order the first fifth gets what the others got.
        (
            split(20),
            "{default: off, rules: [{rollout: {off: 80, on: 20}, by: userId}]}",
            {("off", "on"): 0.2, ("on", "off"): 0.2},
            "exact",
        ),
        # By another attribute the two have nothing to do with one another.
        (split(20), split(20, "by: device"), {("off", "on"): 0.16, ("on", "off"): 0.16}, "expected"),
    ],
)
def test_a_share_that_changes_moves_exactly_so_many(
    before: str, after: str, expected: dict[tuple[str, str], float], how: str
) -> None:
    (now,) = moved(before, after)
    found = [case for case in now.cases if case.moves and not case.telling]
    assert [shares(case) for case in found] == ([expected] if expected else [])
    assert [case.how for case in found] == ([how] if expected else [])


def test_a_new_salt_splits_all_anew() -> None:
    text = flag(split(25))
    after = compiled(text.replace("off_variant: off", "off_variant: off\n    salt: other"))["flags"]["f"]
    (now,) = moments("f", definition(split(25)), after, TENANTS, NOW)
    case = next(case for case in now.cases if case.moves)
    assert shares(case) == {("off", "on"): 0.1875, ("on", "off"): 0.1875}
    assert case.how == "expected"


def test_a_tenant_is_told_exactly_where_nothing_else_decides() -> None:
    (now,) = moved("{default: off}", "{default: off, rules: [{when: {tenant: acme}, serve: on}]}")
    assert [shares(case) for case in now.tenants["acme"]] == [{("off", "on"): 1}]
    assert [case.moves for case in now.tenants["globex"]] == [()]
    (case,) = [case for case in now.cases if case.moves]
    assert [(json.loads(each.logic), each.holds) for each in case.where] == [
        ({"===": [{"var": "tenant"}, "acme"]}, True)
    ]


def test_what_cannot_be_so_together_is_not_told_of() -> None:
    rule = "{{default: off, rules: [{{when: {{appVersion: {{semver: '>={}'}}}}, serve: on}}]}}"
    (now,) = moved(rule.format("2.4.0"), rule.format("2.5.0"))
    assert [shares(case) for case in now.cases if case.moves] == [{("on", "off"): 1}]
    (later,) = moved(rule.format("2.5.0"), rule.format("2.4.0"))
    assert [shares(case) for case in later.cases if case.moves] == [{("off", "on"): 1}]


def test_a_schedule_moves_later_and_not_now() -> None:
    before, after = "{default: off}", "{default: off, schedule: [{at: 2027-02-01T08:00:00Z, default: on}]}"
    now, later = moved(before, after)
    assert now.at is None
    assert now.moves_nobody
    assert later.at == 1801468800
    assert [shares(case) for case in later.cases] == [{("off", "on"): 1}]
    assert later.lasts


def test_two_growing_shares_that_both_are_cut_off_are_seen_to_differ() -> None:
    state = (
        "{{default: off, progress: {{variant: on, start: 2027-02-01T00:00:00Z, end: {}, first: 0, last: 100, "
        "by: userId}}, schedule: [{{at: 2027-02-04T00:00:00Z, default: off, progress: null}}]}}"
    )
    found = moved(state.format("2027-02-11T00:00:00Z"), state.format("2027-02-06T00:00:00Z"))
    assert not all(moment.moves_nobody for moment in found)


def test_a_variant_with_another_value_moves_those_who_have_it() -> None:
    before, after = definition("{default: on}"), definition("{default: on}")
    (now,) = moments("f", before, {**after, "variants": {"on": False, "off": False}}, TENANTS, NOW)
    assert [shares(case) for case in now.cases] == [{("on", "on"): 1}]


def test_what_cannot_be_taken_apart_is_tried() -> None:
    raw = '{{"if": [{{"<": [{{"%": [{{"var": "n"}}, 2]}}, {}]}}, "on", "off"]}}'
    (now,) = moved(f"{{targeting: {raw.format(0)}, default: off}}", f"{{targeting: {raw.format(3)}, default: off}}")
    assert {case.how for case in now.cases} == {"sample"}


CONDITIONS = (
    "{tenant: acme}", "{tenant: [acme, initech]}", "{not: {group: enterprise}}", "{ring: early}", "{plan: gold}",
    "{plan: [gold, silver]}", "{appVersion: {semver: '>=2.4.0'}}", "{appVersion: {semver: '>=2.5.0'}}",
    "{seats: {gte: 10}}", "{email: {ends_with: '.example'}}", "{segment: staff}", "{plan: {ne: gold}}",
    "{any: [{plan: gold}, {seats: {lt: 5}}]}",
)  # fmt: skip
SEGMENTS = "segments:\n  staff: {when: {email: {ends_with: '@us.example'}}}\n"
OTHER = (
    "  g:\n    type: boolean\n    owner: us\n    created: 2026-11-01\n    permanent: true\n"
    "    variants: {on: true, off: false}\n    off_variant: off\n"
)


@st.composite
def states(draw: st.DrawFn) -> str:
    """The state of a flag in production."""
    rules = []
    for _ in range(draw(st.integers(0, 3))):
        when = draw(st.sampled_from([None, *CONDITIONS]))
        gives = draw(st.sampled_from(["serve: on", "serve: off", ""]))
        share = draw(st.integers(0, 10))
        parts = [f"when: {when}"] if when else []
        order = f"on: {share}, off: {11 - share}" if draw(st.booleans()) else f"off: {share}, on: {11 - share}"
        by = draw(st.sampled_from(["tenant", "targetingKey", "userId"]))
        rules.append(f"{{{', '.join([*parts, gives or f'rollout: {{{order}}}, by: {by}'])}}}")
    default = draw(st.sampled_from(["on", "off", "null"]))
    return f"{{default: {default}, rules: [{', '.join(rules)}]}}"


def pair(draw_f: str, draw_g: str, requires: bool) -> Any:
    needs = "    requires: [{flag: g, variant: on}]\n" if requires else ""
    text = flag(draw_f).replace("    environments:", f"{needs}    environments:")
    return compiled(f"{SEGMENTS}{text}{OTHER}    environments: {{production: {draw_g}}}\n")["flags"]["f"]


def context_of(number: int) -> dict[str, Any]:
    """One of the subjects: attributes are there or not, in every combination."""
    choices: dict[str, tuple[Any, ...]] = {
        "tenant": (*TENANTS, "stranger", None),
        "plan": ("gold", "silver", "iron", None),
        "appVersion": ("2.3.9", "2.4.1", "2.5.0", None),
        "seats": (3, 7, 12, None),
        "email": ("a@us.example", "b@x.example", "c@y.org", None),
        "userId": (f"u{number}", f"u{number}", None),
    }
    context: dict[str, Any] = {"targetingKey": f"k{number}"}
    for values in choices.items():
        name, said = values
        number, at = divmod(number * 31 + 7, len(said))
        if said[at] is not None:
            context[name] = said[at]
    return context


def is_in(case: Case, context: Mapping[str, Any]) -> bool:
    return all(bool(jsonLogic(json.loads(each.logic), dict(context), OPERATORS)) == each.holds for each in case.where)


@settings(max_examples=rounds(5), deadline=None)
@example(
    "{default: on}",
    "{default: off, rules: [{when: {not: {group: enterprise}}, rollout: {on: 1}, by: tenant}]}",
    "{default: on}",
    "{default: on}",
    False,
    False,
)
@given(states(), states(), states(), states(), st.booleans(), st.booleans())
def test_plans_agree_with_asking_everybody(f: str, f2: str, g: str, g2: str, needs: bool, needs2: bool) -> None:
    """20,000 subjects, asked of the evaluator before and after: each is in one case, and so many of it move."""
    before, after = pair(f, g, needs), pair(f2, g2, needs2)
    (now,) = moments("f", before, after, TENANTS, NOW)
    event(",".join(sorted({case.how for case in now.cases})))
    asks = [FlagSet({"flags": {"f": each}}) for each in (before, after)]
    found: dict[int, Counter[tuple[str | None, str | None]]] = {}
    places: dict[object, int] = {}
    for number in range(SUBJECTS):
        context = context_of(number)
        was, is_now = (each.resolve("f", context).variant or None for each in asks)
        alike = tuple((name, said) for name, said in context.items() if name != "targetingKey")
        alike = tuple((name, said if name != "userId" else "") for name, said in alike)
        if alike not in places:
            (places[alike],) = [at for at, case in enumerate(now.cases) if is_in(case, context)]
        at = places[alike]
        found.setdefault(at, Counter())[was, is_now] += 1
        certain = now.tenants.get(context.get("tenant", ""), ())
        if len(certain) == 1 and certain[0].how == "exact" and not certain[0].where and not certain[0].by:
            told = {(each.before, each.after) for each in certain[0].moves}
            assert ({(was, is_now)} if was != is_now else set()) == told
    for at, counted in found.items():
        agrees(now.cases[at], counted)


def agrees(case: Case, counted: Counter[tuple[str | None, str | None]]) -> None:
    total = sum(counted.values())
    told = {(each.before, each.after): each.share for each in case.moves}
    by_few = "tenant" in case.by
    for both in {pair for pair in counted if pair[0] != pair[1]} | set(told):
        share = told.get(both, Fraction())
        if share in (0, 1):
            assert counted[both] == share * total
        elif not by_few:
            # Five standard deviations of what chance does to so many.
            spread = 5 * (float(share * (1 - share)) / total) ** 0.5 + 1 / total
            assert abs(counted[both] / total - float(share)) <= spread
