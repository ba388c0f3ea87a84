"""An evaluator is told by its answers: which way it splits, and where it disagrees with ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

import pytest
from openfeature.contrib.tools.flagd.core import FlagdCore

from terrace.flags.bucketing import variant_by
from terrace.flags.vectors import probes, run, shipped, vector_flags
from tests.data import shared
from tests.flags.schemas import problems
from tests.flags.written import ask, compiled, flag

SPLIT = "{default: off, rules: [{when: {plan: gold}, serve: on}, {rollout: {on: 50, off: 50}, by: tenant}]}"


def evaluator(definition: Mapping[str, Any], way: Literal["v2", "v3"]) -> Any:
    """Asks an evaluator of one of the two ways."""
    return lambda key, context: variant_by(way, key, definition["flags"][key], context)


def test_the_evaluator_of_the_libraries_gives_what_ours_must() -> None:
    core = FlagdCore()
    core.set_flags(json.dumps(vector_flags()))
    report = run(lambda key, context: ask(core, key, context).variant)
    assert report.algorithm == "v3"
    assert report.agrees
    assert report.asked == report.answered == report.agreed["v3"] > 200
    assert report.disagreements == ()


def test_an_evaluator_of_the_other_way_is_told_by_name() -> None:
    report = run(evaluator(vector_flags(), "v2"))
    assert report.algorithm == "v2"
    assert not report.agrees
    assert len(report.disagreements) == report.asked - report.agreed["v3"] > 50
    assert report.disagreements[0].found == report.disagreements[0].vector.v2


def test_an_evaluator_that_knows_no_flag_is_neither() -> None:
    report = run(lambda key, context: None)
    assert (report.algorithm, report.answered) == ("neither", 0)


def test_an_evaluator_with_one_wrong_answer_is_neither() -> None:
    one = next(each for each in shipped() if each.v2 != each.v3)
    right = evaluator(vector_flags(), "v3")
    report = run(lambda key, context: one.v2 if (key, context) == (one.key, one.context) else right(key, context))
    assert report.algorithm == "neither"
    assert [each.vector for each in report.disagreements] == [one]


@pytest.mark.parametrize("way", ["v2", "v3"])
def test_the_vectors_are_those_of_the_evaluators_themselves(way: Literal["v2", "v3"]) -> None:
    given = json.loads((shared("flags", "vectors") / f"bucketing-{way}-sample.json").read_text("utf-8"))
    ours = {(each.key, each.context["tenant"]): getattr(each, way) for each in shipped()}
    assert len(given["cases"]) == 120
    assert all(ours[key, subject] == variant for key, subject, variant, _ in given["cases"])
    for key, subject, variant, _ in given["cases"]:
        context = {"targetingKey": subject, "tenant": subject}
        assert variant_by(way, key, given["flags"]["flags"][key], context) == variant


def test_the_flags_of_the_vectors_are_flags_for_flagd() -> None:
    assert problems(vector_flags()) == []


@pytest.mark.parametrize("way", ["v2", "v3"])
def test_probes_tell_the_way_by_flags_that_are_there(way: Literal["v2", "v3"]) -> None:
    one = compiled(flag(SPLIT))["flags"]["f"]
    definition = {"flags": {f"f{n}": json.loads(json.dumps(one).replace('"f"', f'"f{n}"')) for n in range(9)}}
    questions = probes(definition)
    assert {each.key for each in questions} == set(definition["flags"])
    assert all(each.v2 != each.v3 for each in questions)
    assert run(evaluator(definition, way), questions).algorithm == way


def test_without_a_flag_that_splits_nothing_is_asked_or_told() -> None:
    questions = probes(compiled(flag("{default: off, rules: [{when: {plan: gold}, serve: on}]}")))
    assert questions == ()
    assert run(lambda key, context: "on", questions).algorithm == "neither"


def test_a_disabled_flag_is_not_asked_for() -> None:
    assert probes(compiled(flag(SPLIT.replace("{default", "{kill: true, default", 1)))) == ()
