"""The tests that stand beside flags, run: each flag is compiled and evaluated as in an application.

They are about what a flag is meant to do, and not about whether it is switched off just now: nobody who turns a flag
off in a hurry should have to change tests.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Any

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError

from terrace.errors import FlagError
from terrace.flags.compile import compile_flags
from terrace.flags.states import lineage
from terrace.model.flag import Area, Flag, Flags, FlagState, FlagTest
from terrace.validate.rule import FlagsView, TriedFlag

_UNSET = object()


def tried(tests: Iterable[FlagTest], sound: Mapping[str, Flag], view: FlagsView) -> Iterator[TriedFlag]:
    """What comes of each test whose flag, with all that it requires, is sound, in an environment that there is."""
    # A version that is none is reported by the evaluator with a traceback, for each evaluation.
    logging.getLogger("openfeature.contrib").setLevel(logging.CRITICAL)
    compiled: dict[tuple[str, str], dict[str, Any] | str] = {}
    for test in tests:
        needed = _needed(test.flag, sound)
        if needed is None or test.environment not in view.repository.environments:
            continue
        key = (test.flag, test.environment)
        if key not in compiled:
            compiled[key] = _compiled(needed, test.environment, view)
        definition = compiled[key]
        if isinstance(definition, str):
            yield TriedFlag(test, None, definition)
        else:
            yield _evaluated(test, sound[test.flag], definition, view)


def _needed(key: str, sound: Mapping[str, Flag]) -> list[Flag] | None:
    """The flag and those that it requires; None where one of them is not sound."""
    found: dict[str, Flag] = {}
    ahead = [key]
    while ahead:
        name = ahead.pop()
        if name in found:
            continue
        if name not in sound:
            return None
        found[name] = _switched_on(sound[name])
        ahead += [each.flag for each in sound[name].requires]
    return list(found.values())


def _switched_on(flag: Flag) -> Flag:
    """The flag as it is where nobody has turned it off or killed it; what its schedule turns on or off stays so."""
    return flag._replace(states={name: _state_on(state) for name, state in flag.states.items()})


def _state_on(state: FlagState) -> FlagState:
    planned = any(later.enabled != state.enabled for _, later in state.schedule)
    schedule = tuple((at, later._replace(kill=False)) for at, later in state.schedule)
    return state._replace(enabled=state.enabled if planned else True, kill=False, schedule=schedule)


def _compiled(flags: list[Flag], environment: str, view: FlagsView) -> dict[str, Any] | str:
    """The first of the flags as it is evaluated, or why it cannot be."""
    area = Area("", flags[0].document, tuple(flags), view.segments)
    ancestors = list(lineage(environment, view.repository.environments))[1:]
    try:
        whole = compile_flags(Flags((area,)), environment, ancestors, view.rosters.of(environment))
    except FlagError as error:
        return error.message
    definition: dict[str, Any] = whole["flags"][flags[0].key]
    return definition


def _evaluated(test: FlagTest, flag: Flag, definition: Mapping[str, Any], view: FlagsView) -> TriedFlag:
    core = FlagdCore()
    moment = _moment(test.now, view)
    core.set_flags({"flags": {flag.key: {**definition, "targeting": at(definition.get("targeting"), moment)}}})
    attributes = dict(test.context)
    subject = attributes.pop("targetingKey", None)
    context = EvaluationContext(subject if isinstance(subject, str) else None, attributes)
    resolve = getattr(core, f"resolve_{flag.type}_value")
    try:
        details = resolve(flag.key, _UNSET, context)
    except (OpenFeatureError, ArithmeticError, TypeError, ValueError) as error:
        return TriedFlag(test, None, str(error) or type(error).__name__)
    return TriedFlag(test, None if details.value is _UNSET else details.variant, "")


def at(logic: Any, moment: int) -> Any:
    """JsonLogic as it is at one moment: what asks for the time of the evaluation is given it."""
    if isinstance(logic, list):
        return [at(each, moment) for each in logic]
    if not isinstance(logic, dict):
        return logic
    if logic.get("var") in ("$flagd.timestamp", ["$flagd.timestamp"]):
        return moment
    return {operator: at(arguments, moment) for operator, arguments in logic.items()}


def _moment(now: str, view: FlagsView) -> int:
    when = datetime.fromisoformat(now) if now else datetime.combine(view.today, time(), UTC)
    return int(when.timestamp())
