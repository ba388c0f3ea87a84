"""What a condition means, and what it is called."""

from __future__ import annotations

from typing import Any

import pytest

from terrace.errors import FlagError
from terrace.flags.conditions import in_words, named
from tests.flags.schemas import problems
from tests.flags.written import asked, compiled, document, flag, is_on, rule_for


def condition(text: str) -> dict[str, Any]:
    """The condition that is written in brackets."""
    return document(f"when: {text}").value["when"]


MEANINGS = [
    ("{tenant: acme}", {"tenant": "acme"}, {"tenant": "globex"}),
    ("{tenant: [acme, globex]}", {"tenant": "globex"}, {"tenant": "initech"}),
    ("{group: enterprise}", {"tenant": "globex"}, {"tenant": "initech"}),
    ("{group: [enterprise, nobody]}", {"tenant": "acme"}, {"tenant": "initech"}),
    ("{ring: early}", {"tenant": "initech"}, {"tenant": "acme"}),
    ("{plan: gold, seats: {gte: 10}}", {"plan": "gold", "seats": 10}, {"plan": "gold", "seats": 9}),
    ("{any: [{plan: gold}, {beta: true}]}", {"beta": True}, {"beta": False, "plan": "silver"}),
    ("{all: [{plan: gold}, {beta: true}]}", {"beta": True, "plan": "gold"}, {"beta": True}),
    ("{not: {plan: gold}}", {"plan": "silver"}, {"plan": "gold"}),
    ("{not: {plan: gold}}", {}, {"plan": "gold"}),
    ("{not: {not: {plan: gold}}}", {"plan": "gold"}, {}),
    ("{plan: {ne: gold}}", {"plan": "silver"}, {"plan": "gold"}),
    ("{plan: {not_in: [gold, silver]}}", {"plan": "free"}, {"plan": "silver"}),
    ("{plan: {in: [gold, silver]}}", {"plan": "silver"}, {"plan": "free"}),
    ("{seats: {gt: 1, lt: 5}}", {"seats": 4.5}, {"seats": 5}),
    ("{seats: {lte: 5}}", {"seats": 5}, {"seats": 5.1}),
    ("{email: {ends_with: '@a.example'}}", {"email": "x@a.example"}, {"email": "x@b.example"}),
    ("{path: {starts_with: /admin}}", {"path": "/admin/x"}, {"path": "/x/admin"}),
    ("{roles: {contains: admin}}", {"roles": ["user", "admin"]}, {"roles": ["administrator"]}),
    ("{name: {contains: dm}}", {"name": "admin"}, {"name": "user"}),
    ("{v: {semver: '>=2.4.0'}}", {"v": "2.10.0"}, {"v": "2.3.9"}),
    ("{v: {semver: '>= 2.4 <3'}}", {"v": "2.10.0"}, {"v": "3.0.0"}),
    ("{v: {semver: ^1.2.0}}", {"v": "1.9.0"}, {"v": "2.0.0"}),
    ("{v: {semver: ~1.2.0}}", {"v": "1.2.9"}, {"v": "1.3.0"}),
    ("{v: {semver: 1.2.3}}", {"v": "1.2.3"}, {"v": "1.2.4"}),
    ("{v: {semver: '!=1.2.3'}}", {"v": "1.2.4"}, {"v": "1.2.3"}),
    ("{country: {exists: true}}", {"country": "CH"}, {}),
    ("{country: {exists: false}}", {}, {"country": "CH"}),
    ("{user.email: {eq: a@b}}", {"user": {"email": "a@b"}}, {"user": {}}),
    ("{jsonlogic: {'>': [{var: age}, 17]}}", {"age": 18}, {"age": 17}),
    ("{city: Zürich}", {"city": "Zürich"}, {"city": "Zurich"}),
]


@pytest.mark.parametrize(("when", "one", "other"), MEANINGS)
def test_a_condition_is_for_one_and_not_for_the_other(when: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    definition = rule_for(when)
    assert is_on(definition, **one)
    assert not is_on(definition, **other)


@pytest.mark.parametrize("when", [when for when, *_ in MEANINGS])
def test_flagd_takes_what_a_condition_becomes(when: str) -> None:
    assert problems(rule_for(when)) == []


def test_a_segment_stands_for_its_condition_also_in_a_segment() -> None:
    segments = "segments:\n  a: {when: {x: 1}}\n  b: {when: {any: [{segment: a}, {y: 1}]}}\n"
    definition = compiled(flag("{default: off, rules: [{when: {segment: b}, serve: on}]}", more=segments))
    assert is_on(definition, x=1)
    assert is_on(definition, y=1)
    assert not is_on(definition)


def test_time_is_asked_of_now() -> None:
    definition = rule_for("{now: {after: 2027-01-01T00:00:00Z, before: 2027-02-01T00:00:00+01:00}}")
    found = [asked(definition, "f", {}, now).variant for now in (1798761599, 1798761600, 1801436399, 1801436400)]
    assert found == ["off", "on", "on", "off"]


@pytest.mark.parametrize(
    ("when", "at", "why"),
    [
        ("{group: gold}", "gold", "there is no group 'gold'"),
        ("{segment: staff}", "staff", "there is no segment 'staff'"),
        ("{all: [{plan: a}, {plan: {like: b}}]}", "{like: b}", "'like' is not a comparison"),
        ("{v: {semver: latest}}", "{semver", "'latest' is not a comparison with a version"),
        ("{seats: {gt: many}}", "{gt", "not a number"),
        ("{now: {after: tomorrow}}", "{after", "'tomorrow' is not a moment"),
        ("{now: {after: 2027-01-01T00:00:00}}", "{after", "is not a moment with its offset"),
        ("{now: {eq: 5}}", "{eq", "only before and after"),
        ("{any: []}", "[]", "must be a list of conditions"),
        ("{plan: null}", "null", "is compared with what is not text"),
        ("{not: {}}", "{}", "must be a map that says something"),
    ],
)
def test_a_condition_without_sense_is_refused_where_it_stands(when: str, at: str, why: str) -> None:
    text = flag(f"{{default: off, rules: [{{when: {when}, serve: on}}]}}")
    with pytest.raises(FlagError) as refused:
        compiled(text)
    line = next(line for line in text.splitlines() if when in line)
    column = line.index(when) + when.index(at) + 1
    assert refused.value.message.startswith(f"flags/0.yaml:{text.splitlines().index(line) + 1}:{column}: ")
    assert why in refused.value.message


def test_segments_in_a_circle_are_refused() -> None:
    segments = "segments:\n  a: {when: {segment: b}}\n  b: {when: {not: {segment: a}}}\n"
    with pytest.raises(FlagError, match="a circle: a uses b uses a"):
        compiled(flag("{default: off, rules: [{when: {segment: a}, serve: on}]}", more=segments))


def test_segments_that_double_again_and_again_are_refused_and_not_written_out() -> None:
    doubled = "".join(f"  s{n}: {{when: {{any: [{{segment: s{n + 1}}}, {{segment: s{n + 1}}}]}}}}\n" for n in range(25))
    segments = f"segments:\n{doubled}  s25: {{when: {{x: 1}}}}\n"
    with pytest.raises(FlagError, match="comes to more than 1000 others"):
        compiled(flag("{default: off, rules: [{when: {segment: s0}, serve: on}]}", more=segments))


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (
            "{tenant: [acme, globex], appVersion: {semver: '>=2.4.0'}}",
            "tenant is acme or globex, and appVersion >= 2.4.0",
        ),
        ("{any: [{plan: gold}, {not: {segment: staff}}]}", "plan is gold, or not (in segment staff)"),
        (
            "{all: [{any: [{a: 1}, {b: true}]}, {group: [x, y]}]}",
            "(a is 1, or b is true), and tenant is in group x or y",
        ),
        ("{seats: {gte: 5, lt: 10}}", "seats >= 5, and seats < 10"),
        ("{plan: {not_in: [a, b]}, email: {ends_with: '@x'}}", "plan is none of a or b, and email ends with @x"),
        ("{country: {exists: false}}", "country is not set"),
        ("{now: {after: 2027-01-01T00:00:00Z}}", "from 2027-01-01T00:00:00Z on"),
        ("{name: 'a, or b'}", 'name is "a, or b"'),
        ("{jsonlogic: {'>': [{var: age}, 17]}}", 'JsonLogic {">": [{"var": "age"}, 17]}'),
    ],
)
def test_a_condition_is_said_in_words(when: str, words: str) -> None:
    assert in_words(condition(when)) == words


def test_everybody_is_said_in_words() -> None:
    assert in_words(None) == "everybody"


def test_what_a_condition_names_is_found_with_its_place() -> None:
    when = condition(
        "{any: [{tenant: [acme, globex]}, {not: {segment: staff}}], group: gold, ring: [early], plan: {in: [a]},"
        " jsonlogic: {in: [{var: city}, [x]]}, now: {after: 2027-01-01T00:00:00Z}}"
    )
    assert [tuple(each) for each in named(when)] == [
        ("tenant", "acme", ("any", 0, "tenant", 0)),
        ("tenant", "globex", ("any", 0, "tenant", 1)),
        ("segment", "staff", ("any", 1, "not", "segment")),
        ("group", "gold", ("group",)),
        ("ring", "early", ("ring", 0)),
        ("attribute", "plan", ("plan",)),
        ("attribute", "city", ("jsonlogic", "in", 0, "var")),
    ]


def test_what_is_misshapen_names_nothing() -> None:
    assert list(named({"any": "x", "not": 5, "segment": 1, "group": {"a": 1}, "jsonlogic": [1]})) == []
