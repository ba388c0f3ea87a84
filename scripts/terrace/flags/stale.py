"""Flags that have had their day, and why: expired, one variant for everyone, not evaluated, not called, not defined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple

from terrace.flags.code.reference import Reference, suits
from terrace.flags.folding import Reach
from terrace.flags.scan import Scan
from terrace.flags.seen import Seen
from terrace.model.flag import Archived, Flag, Flags

Why = Literal["expired", "constant", "unused", "uncalled", "undefined"]
WHYS: tuple[Why, ...] = ("expired", "constant", "unused", "uncalled", "undefined")
"""Every reason, the most certain first."""


class Reason(NamedTuple):
    """Why a flag is stale, in words, and since which day; None where nobody can tell."""

    why: Why
    message: str
    since: date | None = None


class Stale(NamedTuple):
    """A flag that has had its day. `flag` is None where code asks for one that no file knows.

    `constant` is what everyone gets, where that is proved, also where another reason is given.
    """

    key: str
    owner: str
    flag: Flag | None
    reasons: tuple[Reason, ...]
    references: tuple[Reference, ...] = ()
    constant: Reach | None = None

    @property
    def since(self) -> date | None:
        """The earliest day that a reason tells."""
        return min((each.since for each in self.reasons if each.since), default=None)


class Mismatch(NamedTuple):
    """A call that asks for another type than the flag has: it always gets its default."""

    reference: Reference
    flag: Flag


class Known(NamedTuple):
    """What is known of the flags: of each environment what every flag comes to, of code where each is asked for.

    `changed` has the day on which the text of a flag last changed, where Git tells it. `scan` and `seen` are None where
    nobody looked.
    """

    flags: Flags
    reaches: Mapping[str, Mapping[str, Reach]]
    changed: Mapping[str, date]
    scan: Scan | None
    seen: Seen | None
    today: date
    days: int

    @property
    def before(self) -> date:
        """The last day that is long enough ago."""
        return self.today - timedelta(days=self.days)


def stale(known: Known) -> list[Stale]:
    """Every flag with a reason to go, by key."""
    references = known.scan.of() if known.scan else {}
    by_key = known.flags.flags
    required = {each.flag for flag in by_key.values() for each in flag.requires}
    found = []
    for key, flag in by_key.items():
        places = tuple(references.get(key, ()))
        constant = constant_of(key, known.reaches)
        reasons = tuple(_reasons(flag, places, constant, known, is_required=key in required))
        if reasons:
            found.append(Stale(key, flag.owner, flag, reasons, places, constant))
    found += _undefined(references, known.flags)
    return sorted(found, key=lambda each: each.key)


def mismatches(references: Sequence[Reference], flags: Mapping[str, Flag]) -> list[Mismatch]:
    """The calls that ask for another type than the flag has."""
    calls = (each for each in references if each.kind == "call" and each.key in flags)
    return [Mismatch(each, flags[each.key]) for each in calls if not suits(each.type, flags[each.key].type)]


def constant_of(key: str, reaches: Mapping[str, Mapping[str, Reach]]) -> Reach | None:
    """What a flag comes to for everyone in all environments, if that is one and the same."""
    each = [of[key] for of in reaches.values() if key in of]
    if not each or not all(one.is_constant for one in each) or len({one.always for one in each}) > 1:
        return None
    return each[0]._replace(given=tuple(sorted({name for one in each for name in one.given})))


def _reasons(
    flag: Flag, places: tuple[Reference, ...], constant: Reach | None, known: Known, *, is_required: bool
) -> Iterator[Reason]:
    expires = _day(flag.expires)
    if expires and expires < known.today and not flag.permanent:
        yield Reason("expired", f"expired on {expires}, {_ago(known.today - expires)}", expires)
    settled = known.changed.get(flag.key) or _day(flag.created)
    if constant and not flag.permanent and flag.kind != "kill_switch" and (not settled or settled <= known.before):
        where = ", ".join(known.reaches)
        since = f", unchanged since {settled}" if settled else ""
        yield Reason("constant", f"{said(constant)} in {where}{since}", settled)
    if known.seen:
        yield from _unused(flag, known.seen, known)
    if known.scan and not is_required and _is_old(flag, known):
        yield from _uncalled(places, known.scan)


def said(constant: Reach) -> str:
    """What everyone gets, in words: `on for everyone`, `on for everyone who has a tenant`."""
    what = "the application's own default" if constant.always is None else constant.always
    return f"{what} for everyone" + (f" who has a {' and a '.join(constant.given)}" if constant.given else "")


def _unused(flag: Flag, seen: Seen, known: Known) -> Iterator[Reason]:
    """Not evaluated in any environment for so long; nothing is said where counting began too late to tell."""
    moments = [at for name in known.reaches if (at := seen.last.get(name, {}).get(flag.key)) is not None]
    if moments:
        last = datetime.fromtimestamp(max(moments), UTC).date()
        if last < known.before:
            yield Reason("unused", f"last evaluated on {last}, {_ago(known.today - last)}", last)
        return
    begun = [seen.since[name] for name in known.reaches if name in seen.since]
    since = datetime.fromtimestamp(max(begun), UTC).date() if begun else known.today
    if since <= known.before and _is_old(flag, known):
        yield Reason("unused", f"never evaluated since counting began on {since}", since)


def _uncalled(places: Sequence[Reference], scan: Scan) -> Iterator[Reason]:
    if any(each.kind != "test" for each in places):
        return
    only = ", only tests name it" if places else ""
    unsure = f"; {len(scan.computed)} calls make their key as they run" if len(scan.computed) > 1 else ""
    unsure = "; 1 call makes its key as it runs" if len(scan.computed) == 1 else unsure
    yield Reason("uncalled", f"not called in {', '.join(scan.folders)}{only}{unsure}")


def _undefined(references: Mapping[str, list[Reference]], flags: Flags) -> Iterator[Stale]:
    archived: dict[str, Archived] = {each.key: each for area in flags.areas for each in area.archived}
    defined = flags.flags
    for key, places in references.items():
        calls = tuple(each for each in places if each.kind == "call")
        if key in defined or not calls:
            continue
        was = archived.get(key)
        if was:
            reason = Reason("undefined", f"called, though archived on {was.day}", _day(was.day))
        else:
            reason = Reason("undefined", "called, and defined in no file of flags/")
        yield Stale(key, "", None, (reason,), calls)


def _is_old(flag: Flag, known: Known) -> bool:
    """Whether it is there for long enough that code could ask for it."""
    created = _day(flag.created)
    return created is None or created <= known.before


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _ago(passed: timedelta) -> str:
    return "1 day ago" if passed.days == 1 else f"{passed.days:,} days ago"


def moment(day: date) -> int:
    """The first second of a day in UTC, as Unix time."""
    return int(datetime.combine(day, time(), UTC).timestamp())
