"""Flags for people: what there is, what each of them is for whom, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from terrace.flags.standing import served, standing
from terrace.flags.states import named_for
from terrace.flags.words import in_words
from terrace.report.cells import wrap
from terrace.report.style import PLAIN, Style
from terrace.report.table import Column, table, table_lines
from terrace.report.values import compact
from terrace.report.words import count

if TYPE_CHECKING:
    from terrace.asking import Explained, Part
    from terrace.flags.evaluator import Resolution
    from terrace.model.entities import Environment
    from terrace.model.flag import Flag, FlagState


def short(flag: Flag, environment: str, environments: Mapping[str, Environment]) -> str:
    """The state of a flag in an environment in a few words."""
    state = flag.states.get(named_for(flag, environment, environments))
    if state is None:
        return "not there yet"
    if state.kill:
        return "killed"
    if not state.enabled:
        return "not enabled"
    default = state.default if state.default is not None else "code default"
    if state.targeting is not None:
        return f"JsonLogic, {default}"
    rules = [count(len(state.rules), "rule")] if state.rules else []
    growing = ["growing"] if state.progress else []
    return ", ".join([*rules, *growing, default])


def age(flag: Flag, today: date) -> str:
    """How old a flag is."""
    try:
        days = (today - date.fromisoformat(flag.created)).days
    except ValueError:
        return "?"
    return f"{days} d" if days < 100 else f"{days / 30.4:.0f} mo"


def list_text(
    flags: Sequence[Flag],
    shown: Sequence[str],
    environments: Mapping[str, Environment],
    today: date,
    style: Style = PLAIN,
) -> str:
    """Each flag with its owner, age and expiry, and below it its state in each environment that is shown."""
    rows = [
        (
            flag.key,
            flag.owner,
            flag.kind,
            age(flag, today),
            "never" if flag.permanent else flag.expires + (" (expired)" if expired(flag, today) else ""),
        )
        for flag in flags
    ]
    if not rows:
        return ""
    head, *lines = table_lines(_LISTED, rows, style)
    told = [head]
    for flag, line in zip(flags, lines, strict=True):
        told += [line, *(f"  {part}" for part in wrap(_states(flag, shown, environments), style.width - 2, indent=2))]
    return "".join(f"{line}\n" for line in told)


_LISTED = (
    Column("flag", whole=True, role="strong"),
    Column("owner"),
    Column("kind"),
    Column("age", right=True, whole=True),
    Column("expires", whole=True),
)


def _states(flag: Flag, shown: Sequence[str], environments: Mapping[str, Environment]) -> str:
    """The environments by what the flag is there, those of one state together."""
    alike: dict[str, list[str]] = {}
    for name in shown:
        alike.setdefault(short(flag, name, environments), []).append(name)
    return "; ".join(f"{', '.join(names)}: {state}" for state, names in alike.items())


def expired(flag: Flag, today: date) -> bool:
    """Whether its day is over."""
    return not flag.permanent and bool(flag.expires) and flag.expires < str(today)


def flag_json(flag: Flag, environments: Mapping[str, Environment], names: Iterable[str]) -> dict[str, Any]:
    """A flag, and its state in each environment, for programs."""
    return {
        "key": flag.key,
        "type": flag.type,
        "description": flag.description,
        "owner": flag.owner,
        "kind": flag.kind,
        "tags": list(flag.tags),
        "links": dict(flag.links),
        "created": flag.created or None,
        "expires": flag.expires or None,
        "permanent": flag.permanent,
        "variants": dict(flag.variants),
        "off_variant": flag.off_variant,
        "requires": [{"flag": each.flag, "variant": each.variant} for each in flag.requires],
        "location": str(flag.document.at(flag.pointer, key=True)),
        "environments": {name: _state_json(flag, name, environments) for name in names},
    }


def _state_json(flag: Flag, name: str, environments: Mapping[str, Environment]) -> dict[str, Any]:
    takes = named_for(flag, name, environments)
    state = flag.states.get(takes)
    return {
        "takes": takes if takes != name else None,
        "enabled": state.enabled if state else False,
        "killed": state.kill if state else False,
        "default": state.default if state else flag.off_variant,
        "rules": [
            {
                "name": rule.name,
                "when": in_words(rule.when),
                "gives": served(rule),
                "by": rule.by if rule.rollout else None,
            }
            for rule in (state.rules if state else ())
        ],
        "words": standing(flag, name, environments),
    }


def show_text(flag: Flag, names: Iterable[str], environments: Mapping[str, Environment], style: Style = PLAIN) -> str:
    """A flag with its rules in plain words, environment by environment."""
    lines = [f"{style.paint('strong', flag.key)}  {flag.description}".rstrip()]
    until = "permanent" if flag.permanent else f"expires {flag.expires}"
    lines.append(f"  {flag.kind}, {flag.type}, of {flag.owner}, made {flag.created}, {until}")
    variants = ", ".join(f"{name} = {compact(value)}" for name, value in flag.variants.items())
    said = wrap(f"variants: {variants}; where it is off: {flag.off_variant}", 76, indent=2)
    lines += [f"  {line}" for line in said]
    lines += [f"  requires {each.flag} to be {each.variant}" for each in flag.requires]
    lines += [f"  tags: {', '.join(flag.tags)}"] if flag.tags else []
    lines += [f"  {name}: {link}" for name, link in flag.links.items()]
    lines.append(f"  {flag.document.at(flag.pointer, key=True)}")
    for name in names:
        lines += ["", *_environment(flag, name, environments, style)]
    return "".join(f"{line}\n" for line in lines)


def _environment(flag: Flag, name: str, environments: Mapping[str, Environment], style: Style) -> Iterator[str]:
    takes = named_for(flag, name, environments)
    state = flag.states.get(takes)
    as_other = f"  (as {takes})" if takes not in ("", name) else ""
    yield style.paint("strong", name) + as_other
    if state is None or state.kill or not state.enabled or not (state.rules or state.schedule):
        yield f"  {standing(flag, name, environments)}"
        return
    yield from _rules(state)
    for at, later in state.schedule:
        yield f"  from {at} on:"
        yield from (f"  {line}" for line in _rules(later))


def _rules(state: FlagState) -> Iterator[str]:
    default = state.default if state.default is not None else "the application's own default"
    for number, rule in enumerate(state.rules, 1):
        by = f", split by {rule.by}" if rule.rollout else ""
        told = wrap(f"{rule.name or in_words(rule.when)}: {served(rule)}{by}", 74, indent=2)
        yield f"  {number}. {told[0]}"
        yield from (f"     {line}" for line in told[1:])
        if rule.name:
            yield from (f"     {line}" for line in wrap(f"if {in_words(rule.when)}", 74, indent=3))
    if state.progress:
        progress = state.progress
        yield f"  then {progress.first} to {progress.last} % {progress.variant}, {progress.start} to {progress.end}"
    yield f"  else {default}"


def value_said(found: Resolution) -> str:
    """What an application gets."""
    from terrace.flags.evaluator import ABSENT

    if found.value is ABSENT:
        return found.error or "the application's own default"
    value = compact(found.value)
    return found.variant if value == found.variant else f"{found.variant} = {value}"


def answers_text(rows: Iterable[tuple[str, Resolution]], style: Style = PLAIN) -> str:
    """Who gets what."""
    columns = (Column(whole=True, role="strong"), Column(), Column(role="dim"))
    return table(columns, [(who, value_said(found), found.reason) for who, found in rows], style)


def answer_json(found: Resolution) -> dict[str, Any]:
    """A resolution for programs: as OFREP says it."""
    from terrace.flags.evaluator import ABSENT

    said: dict[str, Any] = {"key": found.key, "reason": found.reason, "variant": found.variant or None}
    if found.value is not ABSENT:
        said["value"] = found.value
    return {**said, "errorCode": found.error_code, "errorDetails": found.error} if found.error_code else said


def explained_text(found: Explained, environment: str, style: Style = PLAIN) -> str:
    """The answer, what decided, and each rule on the way to it."""
    head = style.paint("strong", found.resolution.key)
    lines = [f"{head} in {environment}: {value_said(found.resolution)}"]
    lines += [f"  {line}" for line in wrap(found.because, 76, indent=2)]
    for number, step in enumerate(found.steps, 1):
        mark = "->" if step.decided else "  "
        told = wrap(f"{step.name}: {step.gives}", 72, indent=2)
        lines += [f"{mark} {number}. {told[0]}", *(f"      {line}" for line in told[1:])]
        if step.missing:
            lines.append(f"        it splits by {step.missing}, which they do not have: it is for nobody then")
        lines += _parts(step.condition, 1)
    return "".join(f"{line}\n" for line in lines)


def _parts(part: Part, depth: int) -> Iterator[str]:
    space = " " * (3 * depth + 2)
    words = wrap(part.words, 76 - len(space), indent=4)
    yield f"{space}{'yes' if part.holds else 'no '} {words[0]}"
    yield from (f"{space}    {line}" for line in words[1:])
    for each in part.parts:
        yield from _parts(each, depth + 1)


def explained_json(found: Explained, environment: str) -> dict[str, Any]:
    """The same for programs."""
    return {
        "environment": environment,
        "takes": found.takes or None,
        **answer_json(found.resolution),
        "because": found.because,
        "rules": [
            {
                "name": step.name,
                "gives": step.gives,
                "decided": step.decided,
                "missing": step.missing or None,
                "condition": _part_json(step.condition),
            }
            for step in found.steps
        ],
    }


def _part_json(part: Part) -> dict[str, Any]:
    return {"words": part.words, "holds": part.holds, "parts": [_part_json(each) for each in part.parts]}
