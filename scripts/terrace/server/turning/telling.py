"""Flags as the followed state has them: what stands there, and what it means in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from terrace.asking import FlagBook
from terrace.flags.standing import rule_said, served, standing
from terrace.flags.states import named_for
from terrace.flags.words import in_words
from terrace.model.flag import Flag, FlagState
from terrace.server.turning.overrides import Override

_PLAIN = (
    "key", "type", "kind", "owner", "description", "created", "expires", "permanent", "tags", "off_variant",
)  # fmt: skip


def told(
    flags: FlagBook, flag: Flag, environments: tuple[str, ...], overrides: Sequence[Override] = ()
) -> dict[str, Any]:
    """One flag, with what it is in each of these environments, also by overrides."""
    killed = {each.environment: each for each in overrides if each.flag == flag.key}
    return {
        **{name: getattr(flag, name) for name in _PLAIN},
        "links": dict(flag.links),
        "variants": dict(flag.variants),
        "requires": [each._asdict() for each in flag.requires],
        "at": str(flag.document.at(flag.pointer)),
        "environments": {
            name: _overridden(_state(flags, flag, name), killed.get(name))
            for name in flags.ordered()
            if name in environments
        },
    }


def in_full(
    flags: FlagBook, flag: Flag, environments: tuple[str, ...], overrides: Sequence[Override] = ()
) -> dict[str, Any]:
    """The same with all rules, the segments that they use, and its tests."""
    found = told(flags, flag, environments, overrides)
    for name, state in found["environments"].items():
        state["rules"] = _rules(flag.states.get(named_for(flag, name, flags.environments)))
    used = sorted(set(_segments(flag, flags)))
    known = flags.flags.segments
    found["segments"] = [
        {"name": name, "words": in_words(known[name].when), "description": known[name].description} for name in used
    ]
    found["tests"] = [
        {"name": test.name, "environment": test.environment, "context": dict(test.context), "expect": test.expect}
        for area in flags.flags.areas
        for test in area.tests
        if test.flag == flag.key
    ]
    return found


def _state(flags: FlagBook, flag: Flag, name: str) -> dict[str, Any]:
    takes = named_for(flag, name, flags.environments)
    state = flag.states.get(takes)
    return {
        "state": _word(flag, state),
        "words": standing(flag, name, flags.environments),
        "takes": "" if takes == name else takes,
        "enabled": state is not None and state.enabled,
        "kill": state is not None and state.kill,
        "reason": state.reason if state else "",
        "default": state.default if state else flag.off_variant,
        "protected": flags.environments[name].protected,
    }


def _overridden(state: dict[str, Any], override: Override | None) -> dict[str, Any]:
    if override is None:
        return state
    words = f"killed until {override.expires} by an override, which is not in the branch yet ({override.reason})"
    more = {"override": override.expires, "proposed": override.proposed}
    return {**state, "state": "killed", "kill": True, "reason": override.reason, "words": words, **more}


def _word(flag: Flag, state: FlagState | None) -> str:
    if state is None:
        return "absent"
    if state.kill:
        return "killed"
    if not state.enabled:
        return "off"
    if state.rules or state.progress or state.targeting is not None or state.default is None:
        return "mixed"
    return "off" if state.default == flag.off_variant else "on"


def _rules(state: FlagState | None) -> list[dict[str, str]]:
    if state is None:
        return []
    return [
        {"name": each.name, "whom": in_words(each.when), "gets": served(each), "words": rule_said(each)}
        for each in state.rules
    ]


def _segments(flag: Flag, flags: FlagBook) -> Iterator[str]:
    """The segments that a flag's rules name, and those that these name."""
    found = {
        name
        for state in flag.states.values()
        for each in (state, *(later for _, later in state.schedule))
        for rule in each.rules
        for name in _named(rule.when)
    }
    known = flags.flags.segments
    waiting = [name for name in found if name in known]
    while waiting:
        name = waiting.pop()
        yield name
        more = [each for each in _named(known[name].when) if each in known and each not in found]
        found.update(more)
        waiting += more


def _named(when: object) -> Iterator[str]:
    if isinstance(when, list):
        for each in when:
            yield from _named(each)
    elif hasattr(when, "items"):
        for key, said in when.items():
            if key == "segment" and isinstance(said, str):
                yield said
            elif key in ("all", "any", "not"):
                yield from _named(said)
