"""What a change to flags does, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from terrace.flags.cases import Case, Move
from terrace.flags.moves import Moment
from terrace.flags.sampling import SUBJECTS
from terrace.flags.unwritten import condition_words
from terrace.plan_flags import Change, Plan
from terrace.report.cells import wrap
from terrace.report.formats.json import dump
from terrace.report.style import PLAIN, Style
from terrace.report.words import count

_MOST_CASES = 6
_MOST_NAMES = 8
_LEAST = Fraction(1, 10_000)
_WHEN = {"new": "before", "removed": "from then on"}
_CODE_DEFAULT = "code default"
_HOW = {
    "exact": "exact",
    "expected": "expected: buckets before and after are independent",
    "sample": f"sample of {SUBJECTS:,} subjects, to within 0.7 %",
}


def plan_text(plan: Plan, style: Style = PLAIN) -> str:
    """Each flag that changes, what was edited, who moves now and later; the sum of it last."""
    lines: list[str] = wrap(f"{plan.head}, compared with {plan.base}", style.width, indent=2)
    for change in in_short(plan.changes):
        lines += ["", *wrap(_head(change, style), style.width, indent=2)]
        for depth, told in told_of(change):
            lines += [f"{'  ' * depth}{part}" for part in wrap(told, style.width - 2 * depth, indent=4)]
    lines += ["", *wrap(summary(plan), style.width, indent=2)]
    return "".join(f"{line}\n" for line in lines)


def _head(change: Change, style: Style) -> str:
    return f"{style.paint('strong', change.flag)} in {', '.join(change.environments)}"


def in_short(changes: Sequence[Change]) -> list[Change]:
    """The changes, those together of which nothing is told but what was edited."""
    found: dict[object, Change] = {}
    for at, change in enumerate(changes):
        brief = change.kind != "changed" or change.moves_nobody
        alike = (change.flag, change.kind, change.edits, change.about) if brief else at
        names = (*found[alike].environments, *change.environments) if alike in found else change.environments
        found[alike] = change._replace(environments=names)
    return list(found.values())


def told_of(change: Change) -> Iterator[tuple[int, str]]:
    """What there is to say of a change, line by line, each with how far it stands in."""
    for said in change.edits:
        yield 1, said
    if change.about:
        yield 1, f"about it: {', '.join(change.about)}"
    if change.moves_nobody:
        yield 1, "it moves nobody" if not change.moments[1:] else "it moves nobody, now or later"
        return
    if change.kind != "changed":
        yield 1, f"applications {'used' if change.kind == 'new' else 'use'} their own default {_WHEN[change.kind]}"
        return
    if change.new_tenants:
        yield 1, f"new tenants, as if they had been there: {_names(change.new_tenants)}"
    pairs = zip_longest(change.moments, change.moments[1:])
    shown = [each for each, then in pairs if each and not (then and _soon(each, then))]
    for moment in shown:
        if len(shown) == 1:
            yield from _of_moment(moment, 1)
        else:
            yield 1, f"{moment_words(moment)}:" + (" nobody moves" if moment.moves_nobody else "")
            if not moment.moves_nobody:
                yield from _of_moment(moment, 2)


def moment_words(moment: Moment) -> str:
    """When it is: `now`, `from 2027-02-01T08:00:00Z on`, or `at` it where it goes on changing from there."""
    if moment.at is None:
        return "now" if moment.lasts else "at this moment"
    said = datetime.fromtimestamp(moment.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"from {said} on" if moment.lasts else f"at {said}"


def _soon(moment: Moment, then: Moment) -> bool:
    """Whether it is the last second of what grows, and what holds from then on is the same but for a rounding."""
    return then.at is not None and moment.at == then.at - 1 and _rounded(moment) == _rounded(then)


def _rounded(moment: Moment) -> object:
    """How everybody moves, without what is less than one in ten thousand."""
    return [
        [(case.where, moves) for case in cases if (moves := _large(case))]
        for cases in (moment.cases, *moment.tenants.values())
    ]


def _large(case: Case) -> list[object]:
    return [(each.before, each.after, percent(each.share)) for each in case.moves if each.share > _LEAST]


def _of_moment(moment: Moment, depth: int) -> Iterator[tuple[int, str]]:
    moved = [case for case in moment.cases if case.moves]
    for case in moved[:_MOST_CASES]:
        yield depth, f"{_case(case, 'subjects')} ({_HOW[case.how]}{_by(case)})"
    if len(moved) > _MOST_CASES:
        yield depth, f"and {count(len(moved) - _MOST_CASES, 'case')} more: --format json"
    if not moved:
        yield depth, "no subject without a tenant moves"
    for cases, names in _alike(moment.tenants):
        yield depth, f"{_tenants(cases)}: {_names(names)}"


def _case(case: Case, whom: str = "") -> str:
    """`of all subjects where plan is gold: 10 % off -> on`; without `whom` `10 % off -> on where plan is gold`."""
    moves = ", ".join(f"{_share(each.share)}{_way(each)}" for each in case.moves)
    said = [condition_words(each.logic, each.holds, most=_MOST_NAMES) for each in case.telling]
    where = " and ".join(f"({each})" if ", or " in each or ", and " in each else each for each in said)
    where = f" where {where}" if where else ""
    if not whom:
        return ("about " if case.how == "sample" else "") + moves + where
    return f"all {whom}{where}: {moves}" if case.moves[0].share == 1 else f"of all {whom}{where}: {moves}"


def _share(share: Fraction) -> str:
    return "" if share == 1 else f"{percent(share)} "


def percent(share: Fraction) -> str:
    """A share as people write it: one that is short by less than a bucket of 2^32 is a whole one to them."""
    return f"{float(share) * 100:.4g} %"


def _way(move: Move) -> str:
    if move.before == move.after:
        return f"{move.after} with another value"
    return f"{move.before or _CODE_DEFAULT} -> {move.after or _CODE_DEFAULT}"


def _by(case: Case) -> str:
    return f"; split by {', '.join(case.by)}" if case.by and case.how != "sample" else ""


def _alike(tenants: Mapping[str, tuple[Case, ...]]) -> list[tuple[tuple[Case, ...], list[str]]]:
    """The tenants by what becomes of them; those for whom nothing changes last."""
    found: dict[tuple[Case, ...], list[str]] = {}
    for name, cases in tenants.items():
        found.setdefault(tuple(case for case in cases if case.moves), []).append(name)
    return sorted(found.items(), key=lambda each: (not each[0], each[1]))


def _tenants(cases: Sequence[Case]) -> str:
    if not cases:
        return "tenants as before"
    said = "; ".join(_case(case) for case in cases)
    return f"tenants, it depends: {said}" if _depends(cases) else f"tenants, {said}"


def _depends(cases: Sequence[Case]) -> bool:
    """Whether what is not known of a tenant's subjects decides; more than the bucket they are in."""
    return len(cases) > 1 or any(case.telling for case in cases)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES:,} more"


def summary(plan: Plan) -> str:
    """A plan in a sentence or two."""
    flags = {change.flag for change in plan.changes}
    moving = {change.flag for change in plan.changes if not change.moves_nobody}
    moves = "moves" if len(moving) == 1 else "move"
    seen = count(len(plan.environments), "environment")
    without = f" Edited without any effect: {', '.join(plan.without_effect)}." if plan.without_effect else ""
    if not flags:
        return f"No flag changes for anybody in {seen}.{without}"
    return f"{count(len(flags), 'flag')} changed in {seen}, of which {len(moving):,} {moves} somebody.{without}"


def plan_json(plan: Plan) -> str:
    """The same for programs: `changes`, one for each flag and the environments in which all of it is the same.

    Of each: `flag`, `environments`, `kind` (`new`, `removed`, `changed`), `edits` and `about` in words, `moves_nobody`,
    `new_tenants`, and `moments`, the first of which is now (`at` is null). A moment has `cases` for all subjects, and
    `tenants`, each with the cases that are left for it and a `verdict`: `same`, `moves` (all of it, for certain),
    `share` (of its subjects) or `depends` (on the conditions in `where`). A case has `where` (`words`, `logic`,
    `holds`), `how` its shares were found (`exact`, `expected`, `sample`), the attributes `by` which subjects are split,
    and `moves` with `from`, `to` (variants; null: the application's own default) and `share` (of 1, of those of the
    case). A moment that does not last (`lasts` is false) goes on changing in a straight line until the next one.
    `without_effect` names flags, and segments as `segment NAME`, that were edited and come to the same.
    """
    return dump({
        "version": 1,
        "base": {"said": plan.base, "commit": plan.base_commit or None},
        "head": {"said": plan.head, "commit": plan.head_commit or None},
        "environments": list(plan.environments),
        "changes": [_record(each) for each in plan.changes],
        "without_effect": list(plan.without_effect),
    })  # fmt: skip


def _record(change: Change) -> dict[str, Any]:
    return {
        "flag": change.flag,
        "environments": list(change.environments),
        "kind": change.kind,
        "edits": list(change.edits),
        "about": list(change.about),
        "moves_nobody": change.moves_nobody,
        "new_tenants": list(change.new_tenants),
        "moments": [
            {
                "at": None if each.at is None else datetime.fromtimestamp(each.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "lasts": each.lasts,
                "cases": [_case_record(case) for case in each.cases],
                "tenants": {
                    name: {"verdict": _verdict(cases), "cases": [_case_record(case) for case in cases]}
                    for name, cases in each.tenants.items()
                },
            }
            for each in change.moments
        ],
    }


def _verdict(cases: Sequence[Case]) -> str:
    if not any(case.moves for case in cases):
        return "same"
    if _depends([case for case in cases if case.moves]):
        return "depends"
    return "moves" if len(cases) == 1 and cases[0].moves[0].share == 1 else "share"


def _case_record(case: Case) -> dict[str, Any]:
    return {
        "where": [
            {"words": condition_words(each.logic, each.holds), "logic": each.logic, "holds": each.holds}
            for each in case.where
        ],
        "how": case.how,
        "by": list(case.by),
        "moves": [{"from": each.before, "to": each.after, "share": float(each.share)} for each in case.moves],
    }
