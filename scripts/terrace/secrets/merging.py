"""Two versions of a SOPS file and the one that both came from, merged into a file with a valid MAC.

Values are compared in memory, one by one; what is written is ciphertext, and as much of it as possible is what one of
the sides wrote. A file can have other recipients or another data key on each side: recipients are merged as a set, and
the result is never under a data key that somebody knows who is no longer a recipient, unless no side made a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import SecretsError
from terrace.model.recipients import canonical
from terrace.secrets.threeway import MISSING, Clash, changes, members, weave
from terrace.sops.errors import NoKeyError, NotWritableError, TamperedError
from terrace.sops.graft import comments, grafted, open_like, same_data_key
from terrace.sops.splice import REMOVED

if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from datetime import datetime

    from terrace.model.source import Pointer
    from terrace.secrets.threeway import Choices, Woven
    from terrace.sops.opened import Opened

    Open = Callable[[str, str], Opened]
    """Opens the text of a side, by its words: base, ours or theirs."""


class NotMergedError(SecretsError):
    """The versions cannot be merged into one file."""


class Exposed(NamedTuple):
    """A value that came with recipients of whom this merge takes some away: they can read it in Git for ever."""

    pointer: Pointer
    recipients: tuple[str, ...]


class Merged(NamedTuple):
    """The text of the merged file. Where values clash it holds those of ours.

    `strangers` are recipients that a side added, for whom the new data key was not encrypted.
    """

    text: str
    clashes: tuple[Clash, ...] = ()
    exposed: tuple[Exposed, ...] = ()
    strangers: tuple[str, ...] = ()


class _Sides(NamedTuple):
    base: Opened | None
    ours: Opened
    theirs: Opened


class _Plan(NamedTuple):
    """What the merged file holds, and for whom."""

    woven: Woven
    recipients: tuple[str, ...]


def merge(
    base: str,
    ours: str,
    theirs: str,
    open_: Open,
    now: datetime,
    *,
    choices: Choices | None = None,
    known: Container[str] | None = None,
) -> Merged:
    """The merged file; `base` is empty where the sides have no version in common. `choices` settle clashes.

    Nothing in a file proves who added a recipient to it, or that the data key is really encrypted for them. So a data
    key that one side made is encrypted for those alone whom both had, or who are `known`; None stands for everybody.

    Raises NotMergedError, or a `terrace.sops.errors.SopsError` where a side cannot be opened. Where one side is as it
    was, no key is needed.
    """
    if theirs in (ours, base):
        return Merged(ours)
    if ours == base:
        return Merged(theirs)
    sides = _opened(base, ours, theirs, open_)
    _refuse(sides)
    before = sides.base.values if sides.base else {}
    woven = weave(before, sides.ours.values, sides.theirs.values, choices)
    recipients, strangers = _recipients(sides, known)
    plan = _Plan(woven, recipients)
    text, lost = _written(sides, plan, now)
    return Merged(text, (*woven.clashes, *lost), _exposed(sides, plan.recipients), strangers)


def _opened(base: str, ours: str, theirs: str, open_: Open) -> _Sides:
    mine, other = open_(ours, "ours"), open_(theirs, "theirs")
    if not base.strip():
        return _Sides(None, mine, other)
    try:
        return _Sides(open_(base, "base"), mine, other)
    except NoKeyError:
        # Whoever became a recipient since holds the data key all the same, as long as it was not rotated.
        for like in (mine, other):
            try:
                return _Sides(open_like(base, like, name="base"), mine, other)
            except TamperedError:
                continue
        raise


def _refuse(sides: _Sides) -> None:
    """Raise NotMergedError for what is not merged value by value."""
    for name, side in zip(sides._fields, sides, strict=True):
        if side is not None and len(side.documents) != 1:
            raise NotMergedError(f"{name} has {len(side.documents)} documents, and files of one are merged")
    mine, other = sides.ours.metadata, sides.theirs.metadata
    if (mine.selector, mine.mac_only_encrypted) != (other.selector, other.mac_only_encrypted):
        raise NotMergedError("the sides differ in which values are encrypted")
    if (mine.others, mine.threshold, len(mine.groups)) != (other.others, other.threshold, len(other.groups)):
        raise NotMergedError("the sides differ in keys that are not age, or in groups of keys")


def _recipients(sides: _Sides, known: Container[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """For whom the merged file is, and those who are left out of it."""
    base = sides.base.metadata.recipients if sides.base else ()
    ours, theirs = sides.ours.metadata.recipients, sides.theirs.metadata.recipients
    merged = members(base, ours, theirs)
    strangers: tuple[str, ...] = ()
    if known is not None and not same_data_key(sides.ours, sides.theirs):
        strangers = tuple(each for each in merged if not (each in base or canonical(each) in known))
        strangers = tuple(each for each in strangers if not (each in ours and each in theirs))
    if len(merged) == len(strangers):
        raise NotMergedError("together the sides take every recipient away")
    return tuple(each for each in merged if each not in strangers), strangers


def _written(sides: _Sides, plan: _Plan, now: datetime) -> tuple[str, tuple[Clash, ...]]:
    """The text of the merged file, and the clash of its comments, if they clash."""
    problem: NotWritableError | None = None
    for host, donor in _hosts(sides, plan):
        edits = {
            pointer: REMOVED if value is MISSING else value
            for pointer, value in changes(host.values, plan.woven.values)
        }
        try:
            text = grafted(host, donor, edits, plan.recipients, now, new_data_key=not _may_keep(sides, host, plan))
        except NotWritableError as error:
            problem = problem or error
            continue
        lost = () if _keeps_comments(sides, host, donor) else (Clash((), "comments that both sides changed"),)
        return text, lost
    assert problem is not None
    raise problem


def _hosts(sides: _Sides, plan: _Plan) -> list[tuple[Opened, Opened]]:
    """Both sides, each with the other one, the side first whose text the merged one should be made from."""

    def cost(pair: tuple[Opened, Opened]) -> tuple[bool, bool, int]:
        host, donor = pair
        edits = sum(1 for _ in changes(host.values, plan.woven.values))
        return not _keeps_comments(sides, host, donor), not _may_keep(sides, host, plan), edits

    # Of equals the first: ours.
    return sorted([(sides.ours, sides.theirs), (sides.theirs, sides.ours)], key=cost)


def _may_keep(sides: _Sides, host: Opened, plan: _Plan) -> bool:
    """Whether the merged file may be under the data key of `host`."""
    if same_data_key(sides.ours, sides.theirs):
        return True
    rotated = sides.base is None or not same_data_key(sides.base, host)
    return rotated and set(host.metadata.recipients) <= set(plan.recipients)


def _keeps_comments(sides: _Sides, host: Opened, donor: Opened) -> bool:
    """Whether `host` already has every change of comments that `donor` made."""
    had = comments(sides.base.file) if sides.base else comments(host.file) & comments(donor.file)
    has, gives = comments(host.file), comments(donor.file)
    added, removed = gives - had, had - gives
    return added <= has and all(has[comment] <= had[comment] - count for comment, count in removed.items())


def _exposed(sides: _Sides, recipients: tuple[str, ...]) -> tuple[Exposed, ...]:
    known = sides.base.values if sides.base else {}
    found = []
    for side in (sides.ours, sides.theirs):
        gone = tuple(each for each in side.metadata.recipients if each not in recipients)
        if gone:
            found += [Exposed(at, gone) for at, new in changes(known, side.values) if new is not MISSING]
    return tuple(found)
