"""What people get of a flag in an environment, in one line."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.flags.states import named_for
from terrace.flags.words import in_words
from terrace.model.entities import Environment
from terrace.model.flag import Flag, FlagRule, FlagState


def standing(flag: Flag | None, environment: str, environments: Mapping[str, Environment]) -> str:
    """What people get of it: who gets which variant, and what the application's own default is left to."""
    if flag is None:
        return "no such flag"
    taken = named_for(flag, environment, environments)
    state = flag.states.get(taken)
    if state is None:
        return f"not there yet: {flag.off_variant} for everybody"
    if state.kill:
        return f"killed: the application's own default ({state.reason})" if state.reason else "killed"
    if not state.enabled:
        return f"not enabled: {flag.off_variant} for everybody"
    return "; then ".join([_said(state), *(f"from {at} on: {_later(later, flag)}" for at, later in state.schedule)])


def _later(state: FlagState, flag: Flag) -> str:
    return _said(state) if state.enabled else f"{flag.off_variant} for everybody"


def _said(state: FlagState) -> str:
    default = state.default if state.default is not None else "the application's own default"
    if state.targeting is not None:
        return f"what its JsonLogic says, else {default}"
    parts = [rule_said(rule) for rule in state.rules]
    if state.progress:
        progress = state.progress
        share = f"{progress.first} to {progress.last} % {progress.variant}"
        parts.append(f"{share} from {progress.start} to {progress.end}")
    return f"{', '.join(parts)}, else {default}" if parts else f"{default} for everybody"


def rule_said(rule: FlagRule) -> str:
    """What a rule gives, and to whom: its name where it has one."""
    whom = rule.name or in_words(rule.when)
    return f"{served(rule)} for {whom}"


def served(rule: FlagRule) -> str:
    """The variant that a rule gives, or the shares of several."""
    total = sum(rule.rollout.values()) or 1
    shares = " / ".join(f"{weight * 100 / total:g} % {variant}" for variant, weight in rule.rollout.items())
    return shares or rule.serve
