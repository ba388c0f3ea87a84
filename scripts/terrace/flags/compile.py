"""Flags, compiled: one flagd definition for an environment, which every flagd can evaluate without us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from terrace.errors import FlagError
from terrace.flags.about import metadata_of
from terrace.flags.chain import Chain, arguments, chain_of, outcome
from terrace.flags.conditions import Conditions, SenselessError, refused, seconds
from terrace.flags.logic import NOW, Logic, every, negated
from terrace.flags.required import alone, yields
from terrace.flags.values import variants_of
from terrace.model.flag import ALGORITHM, Flag, Flags, FlagState, Roster
from terrace.model.source import Pointer

_DEEPEST = 30
_MOST_REQUIRED = 100
_EXPLICIT = object()
"""A default that no chain has: each says what those get whom no branch is for."""


def compile_flags(flags: Flags, environment: str, ancestors: Sequence[str], roster: Roster) -> dict[str, Any]:
    """The flagd definition of every flag in `environment`, whose `ancestors` it extends, the nearest first.

    `roster` has every group and ring there is, also those without a tenant in this environment.
    Raises FlagError with the place where a flag names what is not there.
    """
    environments = (environment, *ancestors)
    by_key = flags.flags
    work = _Work(by_key, environments, Conditions(flags.segments, roster))
    return {
        "flags": {key: work.definition(flag) for key, flag in by_key.items()},
        "metadata": {"flagSetId": environment, "fractional": ALGORITHM},
    }


class _Phases(NamedTuple):
    """What a flag comes to, moment by moment: from the beginning, and from each moment of its schedule on."""

    first: Chain
    later: tuple[tuple[int, Chain], ...]

    @property
    def default(self) -> str | None:
        """The variant where targeting says none: none at all, if the application's own default is ever meant."""
        rests = [self.first.otherwise, *(chain.otherwise for _, chain in self.later)]
        return None if None in rests else rests[0]

    def arguments(self, default: str | object | None) -> list[Any]:
        said: list[Any] = []
        chain = self.first
        for at, following in self.later:
            said += [{"<": [NOW, at]}, outcome(arguments(chain, default))]
            chain = following
        return said + arguments(chain, default)


class _Work:
    """Every flag of one environment; a flag that others require is worked out once."""

    def __init__(self, flags: Mapping[str, Flag], environments: Sequence[str], conditions: Conditions) -> None:
        self._flags = flags
        self._environments = environments
        self._conditions = conditions
        self._required: dict[str, tuple[list[Any], int]] = {}
        self._open: list[str] = []

    def definition(self, flag: Flag) -> dict[str, Any]:
        """The flag as flagd reads it."""
        state, pointer = self._state(flag)
        phases = self._phases(flag, state, pointer)
        required, _ = self._requirements(flag)
        if required is False:
            phases = _Phases(Chain((), flag.off_variant), ())
        compiled: dict[str, Any] = {
            "state": "DISABLED" if state.kill else "ENABLED",
            "variants": variants_of(flag),
            "defaultVariant": phases.default,
        }
        targeting = self._targeting(flag, phases, required)
        if targeting is not None:
            compiled["targeting"] = targeting
        about = metadata_of(flag)
        return {**compiled, "metadata": about} if about else compiled

    def _targeting(self, flag: Flag, phases: _Phases, required: Logic) -> Any:
        if phases.first.raw == {} and not phases.later and required is True:
            return {}
        said = phases.arguments(phases.default)
        if not isinstance(required, bool) and (said or phases.default != flag.off_variant):
            said = [negated(required), flag.off_variant, *said]
        if not said:
            return None
        whole = outcome(said)
        return whole if isinstance(whole, dict) else None

    def _state(self, flag: Flag) -> tuple[FlagState, Pointer]:
        for name in self._environments:
            if name in flag.states:
                return flag.states[name], (*flag.pointer, "environments", name)
        return FlagState(enabled=False), flag.pointer

    def _phases(self, flag: Flag, state: FlagState, pointer: Pointer) -> _Phases:
        later: list[tuple[int, Chain]] = []
        for index, (at, then) in enumerate(state.schedule):
            here = (*pointer, "schedule", index)
            try:
                when = seconds(at)
            except SenselessError as error:
                raise refused(flag.document, (*here, "at"), str(error)) from None
            if later and when <= later[-1][0]:
                raise refused(flag.document, (*here, "at"), "a schedule has its moments one after the other")
            later.append((when, chain_of(flag, then, self._conditions, here)))
        return _Phases(chain_of(flag, state, self._conditions, pointer), tuple(later))

    def _requirements(self, flag: Flag) -> tuple[Logic, int]:
        """Whether a subject has all that `flag` requires, and how many flags that asks."""
        parts: list[Logic] = []
        count = 0
        for index, (key, variant) in enumerate(flag.requires):
            pointer = (*flag.pointer, "requires", index)
            other = self._flags.get(key)
            if other is None:
                raise refused(flag.document, (*pointer, "flag"), f"there is no flag {key!r}")
            if variant not in other.variants:
                raise refused(flag.document, (*pointer, "variant"), f"flag {key!r} has no variant {variant!r}")
            said, asked = self._worked_out(other, flag, pointer)
            parts.append(yields(said, variant))
            count += asked
        if flag.requires and flag.off_variant not in flag.variants:
            raise refused(flag.document, flag.pointer, f"flag {flag.key!r} has no variant {flag.off_variant!r}")
        if count > _MOST_REQUIRED:
            raise refused(flag.document, flag.pointer, f"flag {flag.key!r} comes to more than {_MOST_REQUIRED} others")
        return every(parts), count

    def _worked_out(self, flag: Flag, by: Flag, pointer: Pointer) -> tuple[list[Any], int]:
        """What `flag` comes to, as the arguments of an `if` that says all of it; and how many flags that asks."""
        if not self._open:
            self._open.append(by.key)
            try:
                return self._worked_out(flag, by, pointer)
            finally:
                self._open.pop()
        if flag.key in self._open:
            way = " requires ".join([*self._open[self._open.index(flag.key) :], flag.key])
            raise refused(by.document, pointer, f"flags go round in a circle: {way}")
        if len(self._open) > _DEEPEST:
            raise refused(by.document, pointer, f"flags require one another more than {_DEEPEST} deep")
        if flag.key not in self._required:
            self._open.append(flag.key)
            try:
                self._required[flag.key] = self._as_required(flag, by, pointer)
            finally:
                self._open.pop()
        return self._required[flag.key]

    def _as_required(self, flag: Flag, by: Flag, pointer: Pointer) -> tuple[list[Any], int]:
        state, where = self._state(flag)
        required, count = self._requirements(flag)
        if state.kill:
            return [None], count + 1
        if required is False:
            return [flag.off_variant], count + 1
        said = self._phases(flag, state, where).arguments(_EXPLICIT)
        if not isinstance(required, bool):
            said = [negated(required), flag.off_variant, *said]
        try:
            return alone(said, flag.key), count + 1
        except FlagError as error:
            raise refused(by.document, pointer, error.message) from None
