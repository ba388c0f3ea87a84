"""What a flag is for somebody: a flagd definition, ready to be asked. flagd's own evaluator for Python does the work.

What it would do to a server is kept from it here: a condition that fails becomes an answer that says so, and nothing
that a client sends is logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast

import orjson
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode, OpenFeatureError
from openfeature.flag_evaluation import FlagResolutionDetails

from terrace.errors import FlagError
from terrace.model.flag import ALGORITHM, FlagType

# For a version that is none it logs a traceback, each time: any client could fill a disk, and slows all by a factor of
# thirty. What came of it is in the answer.
logging.getLogger("openfeature.contrib").setLevel(logging.CRITICAL)

ABSENT: Final = object()
"""The value where there is none: the application's own default counts."""

_FAILURES = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What targeting ends with that divides by zero, compares what cannot be compared, and so on."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_SAYS = {
    "FLAG_NOT_FOUND": "There is no flag '{}'.",
    "PARSE_ERROR": "The targeting of '{}' cannot be evaluated.",
    "TYPE_MISMATCH": "The variants of '{}' are of several types.",
}
_OTHERWISE = "'{}' came to a variant that it does not have."
_Ask = Callable[[str, Any, EvaluationContext], FlagResolutionDetails[Any]]


class Resolution(NamedTuple):
    """What a flag came to. `variant` is empty where `value` is ABSENT; `error_code` and `error` where none occurred.

    `reason` is STATIC, DEFAULT, TARGETING_MATCH, DISABLED or ERROR.
    """

    key: str
    value: Any
    variant: str
    reason: str
    error_code: str
    error: str
    metadata: Mapping[str, Any]


class FlagSet:
    """The flags of one environment. It never changes, and threads can share it.

    Raises `FlagError`, which names the flag, where a definition cannot be evaluated. `version` (a commit) stands in the
    metadata of every resolution, unless the definition names one itself.
    """

    def __init__(self, definition: Mapping[str, Any] | bytes, version: str = "") -> None:
        self.document = definition if isinstance(definition, bytes) else _written(definition)
        read = _read(self.document)
        metadata = read.get("metadata", {})
        if version:
            metadata.setdefault("version", version)
        self.environment = str(metadata.get("flagSetId", ""))
        self.version = str(metadata.get("version", ""))
        self.algorithm = str(metadata.get("fractional", ALGORITHM))
        if self.algorithm != ALGORITHM:
            raise FlagError(
                f"these flags are for fractional {self.algorithm} of flagd, and {ALGORITHM} is evaluated here",
                hint="The same subject would get another variant.",
            )
        self.types: Mapping[str, FlagType] = MappingProxyType(
            {key: _type(each.get("variants")) for key, each in sorted(read["flags"].items())}
        )
        self.metadata: Mapping[str, Any] = MappingProxyType(dict(metadata))
        core = _loaded(read, self.document)
        by_type = cast(Mapping[FlagType, _Ask], {
            "boolean": core.resolve_boolean_value, "string": core.resolve_string_value,
            "integer": core.resolve_integer_value, "float": core.resolve_float_value,
            "object": core.resolve_object_value,
        })  # fmt: skip
        self._asks = {key: by_type[kind] for key, kind in self.types.items()}

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys of all flags, sorted."""
        return tuple(self.types)

    def resolve(self, key: str, context: Mapping[str, Any]) -> Resolution:
        """What a flag is for whom `context` describes. It raises nothing: what fails is a resolution, too."""
        ask = self._asks.get(key)
        if ask is None:
            return _failed(key, "FLAG_NOT_FOUND")
        try:
            found = ask(key, ABSENT, EvaluationContext(context.get("targetingKey"), context))
        except OpenFeatureError as error:
            return _failed(key, (error.error_code or ErrorCode.GENERAL).value)
        except _FAILURES:
            return _failed(key, "PARSE_ERROR")
        return Resolution(key, found.value, found.variant or "", str(found.reason), "", "", found.flag_metadata)

    def at(self, moment: int) -> FlagSet:
        """These flags as they are at a moment, in seconds of Unix time, however late it is."""
        read = _read(self.document)
        for flag in read["flags"].values():
            if flag.get("targeting"):
                flag["targeting"] = _stopped(flag["targeting"], moment)
        return FlagSet(read, self.version)


def _read(document: bytes) -> dict[str, Any]:
    try:
        read = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        raise FlagError("the flags are no JSON") from error
    if not isinstance(read, dict) or not isinstance(read.setdefault("flags", {}), dict):
        raise FlagError("the flags are no mapping with `flags`, by key")
    if not isinstance(read.get("metadata", {}), dict):
        raise FlagError("`metadata` of the flags is no mapping")
    for key, flag in read["flags"].items():
        if not isinstance(flag, dict):
            raise FlagError(f"the flag '{key}' is no mapping")
    return read


def _written(definition: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(dict(definition))
    except TypeError as error:
        raise FlagError(f"the flags cannot be written as JSON: {error}") from error


def _loaded(read: dict[str, Any], document: bytes) -> FlagdCore:
    """An evaluator that has the flags of `read`, which is not used any more: loading changes it."""
    core = FlagdCore()
    try:
        core.set_flags(read)
    except (OpenFeatureError, *_FAILURES) as error:
        raise _to_blame(_read(document)) from error
    return core


def _to_blame(read: dict[str, Any]) -> FlagError:
    """One flag that is not right refuses all of them, and it is not said which: each is tried by itself."""
    hint = "It has state, variants, defaultVariant, targeting and metadata of plain values, and nothing else."
    for key, flag in read["flags"].items():
        try:
            FlagdCore().set_flags({**read, "flags": {key: flag}})
        except (OpenFeatureError, *_FAILURES) as error:
            why = str(getattr(error, "error_message", "") or "")
            return FlagError(f"the flag '{key}' cannot be loaded{': ' if why else ''}{why}", hint=hint)
    return FlagError("the flags cannot be loaded", hint="The metadata of all, or their $evaluators, are not right.")


def _type(variants: object) -> FlagType:
    values = list(variants.values()) if isinstance(variants, dict) else []
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return "boolean"
    if kinds == {str}:
        return "string"
    if kinds == {int}:
        return "integer"
    return "float" if kinds and kinds <= {int, float} else "object"


def _failed(key: str, code: str) -> Resolution:
    return Resolution(key, ABSENT, "", "ERROR", code, _SAYS.get(code, _OTHERWISE).format(key), _NOTHING)


def _stopped(logic: Any, moment: int) -> Any:
    """`logic` in which it is `moment` wherever it asks for the time."""
    if isinstance(logic, list):
        return [_stopped(each, moment) for each in logic]
    if not isinstance(logic, dict):
        return logic
    name = logic.get("var") if len(logic) == 1 else None
    if name == "$flagd.timestamp" or (isinstance(name, list) and name[:1] == ["$flagd.timestamp"]):
        return moment
    return {operator: _stopped(each, moment) for operator, each in logic.items()}
