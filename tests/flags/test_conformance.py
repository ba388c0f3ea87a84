"""The flagd testbed's scenarios come out as it says: of its own definition, and of the same brought in and compiled."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from terrace.flags.flagd import import_flagd
from tests.flags.gherkin import Scenario
from tests.flags.scenario import Evaluate, in_process, play, played, scenario_folder
from tests.flags.written import compiled

_CANNOT = ("ref-to-nonexistent-evaluator-flag",)
"""Flags of the testbed that are mistakes, which are not brought in."""


def _asks_a_mistake(scenario: Scenario) -> bool:
    return any(f'"{key}"' in step.text for step in scenario.steps for key in _CANNOT)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("openfeature.contrib")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def test_the_scenarios_are_at_hand() -> None:
    scenario_folder()
    assert len(played()) >= 70


@pytest.mark.parametrize("scenario", played(), ids=lambda each: each.name)
def test_a_scenario_comes_out(scenario: Scenario) -> None:
    play(scenario, _as_given())


@pytest.mark.parametrize(
    "scenario", [each for each in played() if not _asks_a_mistake(each)], ids=lambda each: each.name
)
def test_a_scenario_comes_out_after_import_and_compilation(scenario: Scenario) -> None:
    play(scenario, _brought_in())


def _definition() -> Any:
    return json.loads((scenario_folder() / "testkit-flags.json").read_text("utf-8"))


@cache
def _as_given() -> Evaluate:
    return in_process(_definition())


@cache
def _brought_in() -> Evaluate:
    given = _definition()
    for key in _CANNOT:
        del given["flags"][key]
    made = compiled(import_flagd(json.dumps(given), "production"))
    # The set's own metadata would be in the answers, where the testbed says that there is none.
    return in_process({**made, "metadata": {}})
