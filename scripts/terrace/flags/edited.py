"""What was edited of a flag in an environment, in plain words, also where it was not the flag that was edited."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from terrace.flags.standing import rule_said, served, standing
from terrace.flags.states import named_for
from terrace.flags.words import in_words
from terrace.model.entities import Environment
from terrace.model.flag import Flag, FlagRule, Flags, FlagState, Roster

CODE_DEFAULT = "the application's own default"
_ABOUT = ("description", "owner", "created", "expires", "permanent", "kind", "tags", "links", "metadata")


class Side(NamedTuple):
    """The flags before or after an edit, the environments, and who is in the one that is looked at."""

    flags: Flags
    environments: Mapping[str, Environment]
    roster: Roster


def edits(key: str, environment: str, before: Side, after: Side) -> tuple[str, ...]:
    """What changed of a flag in an environment, one sentence each: of itself, and of what it stands on."""
    was, now = before.flags.flags.get(key), after.flags.flags.get(key)
    if was is None or now is None:
        if now is not None:
            return (f"new: {standing(now, environment, after.environments)}",)
        return (f"removed: it was {standing(was, environment, before.environments)}",)
    return (
        *_of_state(environment, (was, before), (now, after)),
        *_of_flag(was, now),
        *_of_others(was, now, before, after),
    )


def about(was: Flag, now: Flag) -> tuple[str, ...]:
    """What changed of a flag that nobody gets: its owner, its description and so on."""
    return tuple(name for name in _ABOUT if getattr(was, name) != getattr(now, name))


def same_text(was: Flag, now: Flag) -> bool:
    """Whether two flags say the same: where they stand, and in what words of YAML, does not matter."""
    return was._replace(document=now.document, pointer=now.pointer) == now


def _of_state(environment: str, before: tuple[Flag, Side], after: tuple[Flag, Side]) -> Iterator[str]:
    (was, old), (now, new) = before, after
    sources = (named_for(was, environment, old.environments), named_for(now, environment, new.environments))
    states = (was.states.get(sources[0]), now.states.get(sources[1]))
    if states[0] is None or states[1] is None or not (states[0].enabled and states[1].enabled):
        said = (standing(was, environment, old.environments), standing(now, environment, new.environments))
        if said[0] != said[1]:
            yield f"{said[0]} -> {said[1]}"
        return
    if sources[0] != sources[1]:
        yield f"it is now as in {sources[1]}, and was as in {sources[0]}"
    yield from _between(states[0], states[1])


def _between(was: FlagState, now: FlagState) -> Iterator[str]:
    if was.kill != now.kill:
        yield "killed" + (f": {now.reason}" if now.reason else "") if now.kill else "no longer killed"
    yield from _of_rules(was.rules, now.rules)
    if was.default != now.default:
        yield f"default: {was.default or CODE_DEFAULT} -> {now.default or CODE_DEFAULT}"
    if was.progress != now.progress:
        yield f"growing share: {_progress(was)} -> {_progress(now)}"
    if was.schedule != now.schedule:
        yield f"schedule: {_schedule(was)} -> {_schedule(now)}"
    if was.targeting != now.targeting:
        yield "its JsonLogic is another one"


def _progress(state: FlagState) -> str:
    said = state.progress
    if said is None:
        return "none"
    return f"{said.first} to {said.last} % {said.variant}, {said.start} to {said.end}, by {said.by}"


def _schedule(state: FlagState) -> str:
    said = [f"{at} {standing_of(later)}" for at, later in state.schedule]
    return "; ".join(said) or "none"


def standing_of(state: FlagState) -> str:
    """What a state of a schedule gives, in short."""
    rules = [rule_said(rule) for rule in state.rules]
    if not state.enabled:
        return "not enabled"
    return ", ".join([*rules, f"else {state.default or CODE_DEFAULT}" if rules else state.default or CODE_DEFAULT])


def _of_rules(was: Sequence[FlagRule], now: Sequence[FlagRule]) -> Iterator[str]:
    old, new = _by_name(was), _by_name(now)
    for name in old.keys() - new.keys():
        yield f"rule removed: {_whole(old[name])}"
    for name, rule in new.items():
        if name not in old:
            yield f"rule added: {_whole(rule)}"
        else:
            yield from _of_rule(name, old[name], rule)
    kept = [name for name in old if name in new]
    ordered = [name for name in new if name in old]
    if kept != ordered:
        yield f"rules in another order: {', '.join(ordered)}"


def _of_rule(name: str, was: FlagRule, now: FlagRule) -> Iterator[str]:
    if was.when != now.when:
        yield f"rule {name}: it was for {in_words(was.when)}, and is for {in_words(now.when)}"
    if (was.serve, list(was.rollout.items())) != (now.serve, list(now.rollout.items())):
        yield f"rule {name}: {served(was)} -> {served(now)}"
    if was.by != now.by and now.rollout:
        yield f"rule {name}: split by {now.by}, no longer by {was.by}"


def _by_name(rules: Sequence[FlagRule]) -> dict[str, FlagRule]:
    """The rules by their names; those without one by their places."""
    found: dict[str, FlagRule] = {}
    for number, rule in enumerate(rules, 1):
        name = f"{rule.name!r}" if rule.name else f"{number}"
        found[name if name not in found else f"{name} ({number})"] = rule
    return found


def _whole(rule: FlagRule) -> str:
    name = f" ({rule.name})" if rule.name else ""
    return f"{served(rule)} for {in_words(rule.when)}{name}"


def _of_flag(was: Flag, now: Flag) -> Iterator[str]:
    for name in [*was.variants, *(name for name in now.variants if name not in was.variants)]:
        if name not in now.variants:
            yield f"variant removed: {name}"
        elif name not in was.variants:
            yield f"variant added: {name} = {_json(now.variants[name])}"
        elif _json(was.variants[name]) != _json(now.variants[name]):
            yield f"variant {name}: {_json(was.variants[name])} -> {_json(now.variants[name])}"
    if was.off_variant != now.off_variant:
        yield f"off variant: {was.off_variant} -> {now.off_variant}"
    if (was.salt or was.key) != (now.salt or now.key):
        yield f"salt: {was.salt or was.key} -> {now.salt or now.key}, so that all subjects are split anew"
    if was.requires != now.requires:
        yield f"requires: {_required(was)} -> {_required(now)}"


def _required(flag: Flag) -> str:
    return ", ".join(f"{each.flag} to be {each.variant}" for each in flag.requires) or "nothing"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _of_others(was: Flag, now: Flag, before: Side, after: Side) -> Iterator[str]:
    """Segments, groups, rings and required flags that it stands on, and that are not what they were."""
    used = _uses(was, before) | _uses(now, after)
    for kind, name in sorted(used):
        if kind == "segment" and name in before.flags.segments and name in after.flags.segments:
            old, new = before.flags.segments[name].when, after.flags.segments[name].when
            if old != new:
                yield f"segment {name}: it was {in_words(old)}, and is {in_words(new)}"
        elif kind in ("group", "ring"):
            old_members, new_members = (_members(side.roster, kind, name) for side in (before, after))
            if old_members != new_members:
                signs = [f"+ {each}" for each in sorted(new_members - old_members)]
                signs += [f"- {each}" for each in sorted(old_members - new_members)]
                yield f"{kind} {name}: {', '.join(signs)}"
        elif kind == "flag":
            old_flag, new_flag = before.flags.flags.get(name), after.flags.flags.get(name)
            if old_flag and new_flag and not same_text(old_flag, new_flag):
                yield f"{name}, which it requires, was edited"


def _members(roster: Roster, kind: str, name: str) -> frozenset[str]:
    return (roster.groups if kind == "group" else roster.rings).get(name, frozenset())


def _uses(flag: Flag, side: Side) -> set[tuple[str, str]]:
    """All that a flag stands on, through whatever it is: ("segment", "staff"), ("group", "enterprise"), ..."""
    found: set[tuple[str, str]] = set()
    ahead: list[Any] = [flag]
    while ahead:
        part = ahead.pop()
        if isinstance(part, Flag):
            for required in part.requires:
                if ("flag", required.flag) not in found:
                    found.add(("flag", required.flag))
                    ahead.append(side.flags.flags.get(required.flag))
            ahead += [rule.when for state in _states(part) for rule in state.rules]
        elif isinstance(part, Mapping):
            for name, said in part.items():
                for each in said if isinstance(said, list) else [said]:
                    if name in ("segment", "group", "ring") and isinstance(each, str) and (name, each) not in found:
                        found.add((name, each))
                        ahead += [side.flags.segments[each].when] if each in side.flags.segments else []
                    ahead.append(each)
    return found


def _states(flag: Flag) -> Iterator[FlagState]:
    for state in flag.states.values():
        yield state
        yield from (later for _, later in state.schedule)
