"""The flagd testbed's scenarios, played with any evaluator: one in process, or one behind a server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError

from tests.data import shared, where
from tests.flags.gherkin import Scenario, Step, scenarios


class Details(NamedTuple):
    """What an OpenFeature client gets: the value, which is the default where nothing was resolved, and why."""

    value: Any
    reason: str
    variant: str | None = None
    error: str = ""
    metadata: Mapping[str, Any] = {}


Evaluate = Callable[[str, str, Any, Mapping[str, Any]], Details]
"""Evaluates a flag: its type (`boolean`), its key, the default of the application, and the context."""

_TESTBED = ("flags", "flagd-testbed", "evaluator")
_LEFT_OUT = {"fractional-v1", "fractional-v2", "deprecated", "selector"}
_AN = r'an? (\w+)-flag with key "([^"]*)" and a (?:fallback|default) value "(.*)"'
_KEY = r'a context containing a targeting key with value "(.*)"'
_ATTRIBUTE = r'a context containing a key "([^"]*)", with type "(\w+)" and with value "(.*)"'
_NESTED = r'a context containing a nested property with outer key "([^"]*)" and inner key "([^"]*)", with value "(.*)"'


def scenario_folder() -> Path:
    """The folder of the scenarios and their flags."""
    return shared(*_TESTBED)


def played() -> list[Scenario]:
    """The scenarios for our way to split subjects. Empty where the shared test data is not at hand."""
    files = sorted(where(*_TESTBED).glob("*.feature"))
    return [each for file in files for each in scenarios(file) if not each.tags & _LEFT_OUT]


def in_process(definition: Mapping[str, Any]) -> Evaluate:
    """The evaluator of the OpenFeature libraries with `definition`."""
    core = FlagdCore()
    core.set_flags(json.dumps(definition))

    def evaluate(kind: str, key: str, default: Any, context: Mapping[str, Any]) -> Details:
        attributes = dict(context)
        asked = EvaluationContext(attributes.pop("targetingKey", None), attributes)
        try:
            found = getattr(core, f"resolve_{kind}_value")(key, default, asked)
        except OpenFeatureError as error:
            return Details(default, "ERROR", None, error.error_code.value)
        return Details(found.value, str(found.reason.value), found.variant, "", found.flag_metadata)

    return evaluate


def play(scenario: Scenario, evaluate: Evaluate) -> None:
    """Takes every step, and fails where an expectation is not met."""
    context: dict[str, Any] = {}
    flag: tuple[str, str, Any] = ("", "", None)
    found = Details(None, "")
    for step in scenario.steps:
        if match := re.fullmatch(_AN, step.text):
            flag = (match[1].lower(), match[2], _typed(match[1], match[3]))
        elif match := re.fullmatch(_KEY, step.text):
            context["targetingKey"] = match[1]
        elif match := re.fullmatch(_ATTRIBUTE, step.text):
            context[match[1]] = _typed(match[2], match[3])
        elif match := re.fullmatch(_NESTED, step.text):
            context.setdefault(match[1], {})[match[2]] = match[3]
        elif step.text == "the flag was evaluated with details":
            found = evaluate(*flag, context)
        elif step.text not in ("an evaluator", "a stable flagd provider"):
            _expect(step, flag, found)


def _expect(step: Step, flag: tuple[str, str, Any], found: Details) -> None:
    if match := re.fullmatch(r'the resolved details value should be "(.*)"', step.text):
        assert found.value == _typed(flag[0].capitalize(), match[1]), found
    elif match := re.fullmatch(r'the (reason|variant|error-code) should be "(.*)"', step.text):
        assert (found._asdict()[match[1].removesuffix("-code")] or "") == match[2], found
    elif step.text == "the resolved metadata should contain":
        for name, kind, value in step.table[1:]:
            assert found.metadata.get(name) == _typed(kind, value), found
    elif step.text == "the resolved metadata is empty":
        assert not found.metadata
    else:
        raise AssertionError(f"a step that nobody knows: {step.text}")


def _typed(kind: str, text: str) -> Any:
    if kind == "Object":
        return json.loads(text.replace('\\"', '"')) if text else {}
    if kind == "Boolean":
        return text.lower() in ("true", "1", "yes", "t")
    return {"Integer": int, "Float": float, "String": str}[kind](text)
