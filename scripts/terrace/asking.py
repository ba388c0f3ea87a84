"""What a flag comes to for somebody, and which of its rules decides: asked of the evaluator that runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from terrace import load
from terrace.flags.compile import compile_flags
from terrace.flags.standing import served
from terrace.flags.states import lineage, named_for
from terrace.flags.words import in_words
from terrace.load_flags import Rosters, load_flags
from terrace.model.closest import named
from terrace.model.entities import Environment
from terrace.model.flag import Area, Flag, FlagRule, Flags, FlagState
from terrace.source import open_source

if TYPE_CHECKING:
    from terrace.flags.evaluator import FlagSet, Resolution

_PROBE = "probe-"


class FlagBook(NamedTuple):
    """The flags of a repository, its environments, who is in each of them, and the commit (empty for a folder)."""

    flags: Flags
    environments: Mapping[str, Environment]
    rosters: Rosters
    commit: str

    def flag(self, key: str) -> Flag:
        """The flag of that key, or a UsageError that suggests the one that was meant."""
        return named(key, self.flags.flags, "flag")

    def ordered(self) -> list[str]:
        """The environments in promotion order."""
        return sorted(self.environments, key=lambda name: (self.environments[name].order, name))


class Part(NamedTuple):
    """A condition, or a part of one, in plain words, whether it holds, and what that follows from."""

    words: str
    holds: bool
    parts: tuple[Part, ...] = ()


class Step(NamedTuple):
    """A rule on the way to the answer: what it gives to whom, whether it is for this subject, and whether it decided.

    `missing` is the attribute by which it would split, where the subject has none: it is for nobody then.
    """

    name: str
    gives: str
    condition: Part
    decided: bool
    missing: str = ""


class Explained(NamedTuple):
    """A resolution, the sentence that says what decided, and the rules that were looked at, one after the other."""

    resolution: Resolution
    because: str
    steps: tuple[Step, ...]
    takes: str


def book(folder: Path, *, at: str | None = None) -> FlagBook:
    """The flags in a folder, or at a Git revision."""
    source = open_source(folder, at)
    tree = load.Tree(source)
    return FlagBook(load_flags(tree).flags, load.common(tree).environments, Rosters(tree), source.origin.commit)


def definition(flags: FlagBook, environment: str) -> dict[str, Any]:
    """The flagd definition of an environment."""
    named(environment, flags.environments, "environment")
    _, *ancestors = lineage(environment, flags.environments)
    return compile_flags(flags.flags, environment, ancestors, flags.rosters.of(environment))


def flag_set(flags: FlagBook, environment: str, now: datetime | None = None) -> FlagSet:
    """The flags of an environment, ready to be asked: as they are at `now`, or whenever they are asked."""
    from terrace.flags.evaluator import FlagSet

    found = FlagSet(definition(flags, environment), flags.commit)
    return found.at(int(now.timestamp())) if now else found


def tenants(flags: FlagBook, environment: str) -> list[str]:
    """The tenants of an environment, sorted."""
    return sorted(flags.rosters.of(environment).tenants)


def explain(flags: FlagBook, key: str, environment: str, context: Mapping[str, Any], now: datetime) -> Explained:
    """Why somebody gets what they get. Each condition is a flag of its own here, asked of the same evaluator."""
    flag = flags.flag(key)
    answers = flag_set(flags, environment, now)
    resolution = answers.resolve(key, context)
    takes = named_for(flag, environment, flags.environments)
    state = flag.states.get(takes)
    unmet = _unmet(flag, answers, context)
    if state is None:
        return Explained(
            resolution, f"{environment} is none of its environments: everybody gets the off variant", (), ""
        )
    if state.kill:
        why = f": {state.reason}" if state.reason else ""
        return Explained(resolution, f"it is killed{why}; applications use their own default", (), takes)
    state = _at(state, now)
    if not state.enabled:
        return Explained(resolution, "it is not enabled: everybody gets the off variant", (), takes)
    if unmet:
        return Explained(resolution, f"it requires {unmet}: without that it is the off variant", (), takes)
    if state.targeting is not None:
        return Explained(resolution, "its JsonLogic decides", (), takes)
    steps = tuple(_steps(flags, state, environment, context, now))
    return Explained(resolution, _because(state, steps), steps, takes)


def _at(state: FlagState, now: datetime) -> FlagState:
    """The state that holds at a moment, by its schedule."""
    for at, later in state.schedule:
        if datetime.fromisoformat(at) <= now:
            state = later
    return state


def _unmet(flag: Flag, answers: FlagSet, context: Mapping[str, Any]) -> str:
    """The first flag that is required and is another variant for this subject."""
    for required in flag.requires:
        found = answers.resolve(required.flag, context)
        if found.variant != required.variant:
            got = found.variant or "the application's own default"
            return f"{required.flag} to be {required.variant}, and it is {got}"
    return ""


def _because(state: FlagState, steps: Sequence[Step]) -> str:
    for step in steps:
        if step.decided:
            return f"the rule {step.name!r} decides: {step.gives}"
    if state.progress:
        return f"no rule is for them: {state.progress.variant} grows until {state.progress.end}"
    default = state.default if state.default is not None else "the application's own default"
    return f"no rule is for them: the default is {default}" if steps else f"the default is {default}"


def _steps(
    flags: FlagBook, state: FlagState, environment: str, context: Mapping[str, Any], now: datetime
) -> Iterator[Step]:
    truth = _Truth(flags, environment, context, now, state.rules)
    decided = False
    for index, rule in enumerate(state.rules, 1):
        condition = truth.part(rule.when)
        missing = rule.by if rule.rollout and context.get(rule.by) in (None, "") else ""
        mine = condition.holds and not missing and not decided
        decided = decided or mine
        yield Step(rule.name or f"{index}", served(rule), condition, mine, missing if condition.holds else "")


class _Truth:
    """Whether conditions hold for a subject: all of them, and their parts, are compiled and asked at once."""

    def __init__(
        self,
        flags: FlagBook,
        environment: str,
        context: Mapping[str, Any],
        now: datetime,
        rules: Sequence[FlagRule],
    ) -> None:
        self._conditions: list[Mapping[str, Any]] = []
        self._segments = flags.flags.segments
        for rule in rules:
            if rule.when:
                self._collect(rule.when)
        self._context = context
        self._answers = flag_set(self._probes(flags, environment), environment, now)

    def part(self, when: Mapping[str, Any] | None) -> Part:
        """A condition and its parts."""
        if not when:
            return Part("everybody", True)
        key = f"{_PROBE}{self._conditions.index(when)}"
        parts = tuple(self.part(each) for each in self._parts(when))
        return Part(in_words(when), self._answers.resolve(key, self._context).variant == "yes", parts)

    def _collect(self, when: Mapping[str, Any]) -> None:
        self._conditions.append(when)
        for each in self._parts(when):
            self._collect(each)

    def _probes(self, flags: FlagBook, environment: str) -> FlagBook:
        """A book of one flag for each condition, with the segments of the other."""
        document = next(area.document for area in flags.flags.areas)
        probes = tuple(
            Flag(
                f"{_PROBE}{number}",
                "boolean",
                {"yes": True, "no": False},
                "no",
                {environment: FlagState(default="no", rules=(FlagRule("", when, "yes", {}, "targetingKey"),))},
                document,
                ("flags", f"{_PROBE}{number}"),
            )
            for number, when in enumerate(self._conditions)
        )
        area = Area("probes", document, probes, tuple(flags.flags.segments.values()))
        return flags._replace(flags=Flags((area,)))

    def _parts(self, when: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """What a condition is made of; nothing, if it is one comparison."""
        if len(when) > 1:
            return [{name: said} for name, said in when.items()]
        ((name, said),) = when.items()
        if name in ("all", "any") and isinstance(said, list):
            return [each for each in said if isinstance(each, dict) and each]
        if name == "segment" and said in self._segments:
            return [self._segments[said].when]
        return [said] if name == "not" and isinstance(said, dict) and said else []
