"""A flag that another one requires, put into that one's JsonLogic."""

from __future__ import annotations

from typing import Any

from terrace.errors import FlagError
from terrace.flags.logic import Logic, choose


def yields(said: list[Any], variant: str) -> Logic:
    """Whether the arguments of an `if` come to `variant`."""
    if not said:
        return False
    if len(said) == 1:
        return _is(said[0], variant)
    return choose(said[0], _is(said[1], variant), yields(said[2:], variant))


def _is(outcome: Any, variant: str) -> Logic:
    if not isinstance(outcome, dict):
        return _name(outcome) == variant
    if list(outcome) == ["if"] and isinstance(outcome["if"], list):
        return yields(outcome["if"], variant)
    if variant in ("true", "false"):
        # Targeting that was written by hand may come to a boolean, which flagd takes for the variant's name.
        return {"in": [outcome, [variant, variant == "true"]]}
    return {"===": [outcome, variant]}


def _name(outcome: object) -> object:
    return str(outcome).lower() if isinstance(outcome, bool) else outcome


def alone(said: list[Any], key: str) -> list[Any]:
    """The arguments of an `if` of the flag `key`, so that they mean the same in another flag.

    Raises FlagError where they cannot: a split without a key of its own depends on the flag in which it stands.
    """
    return [_alone(each, key) for each in said]


def _alone(logic: Any, key: str) -> Any:
    if isinstance(logic, list):
        return [_alone(each, key) for each in logic]
    if not isinstance(logic, dict) or len(logic) != 1:
        return logic
    operator, arguments = next(iter(logic.items()))
    if operator == "var" and arguments in ("$flagd.flagKey", ["$flagd.flagKey"]):
        return key
    if operator == "fractional" and isinstance(arguments, list) and arguments and isinstance(arguments[0], list):
        raise FlagError(
            f"flag {key!r} is required, and its targeting has a fractional without a key to split by: "
            "it would split otherwise here"
        )
    return {operator: _alone(arguments, key)}
