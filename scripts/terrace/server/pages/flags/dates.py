"""Ages and ends of flags in words: what is over is said, and nobody is shouted at."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

_SOON = 30


class End(NamedTuple):
    """When a flag is meant to be gone. `state` is `none`, `permanent`, `ahead`, `soon` or `over`."""

    state: str
    words: str
    day: str = ""


def end_of(expires: str, permanent: bool, today: date) -> End:
    """The end of a flag; how far it is away."""
    if permanent:
        return End("permanent", "permanent")
    day = _day(expires)
    if day is None:
        return End("none", "no end is said")
    away = (day - today).days
    if away < 0:
        return End("over", f"ended {span(-away)} ago", expires)
    if away == 0:
        return End("soon", "ends today", expires)
    return End("soon" if away <= _SOON else "ahead", f"ends in {span(away)}", expires)


def age(created: str, today: date) -> str:
    """How old a flag is; empty where that is not said."""
    day = _day(created)
    if day is None or day > today:
        return ""
    return span((today - day).days) if day < today else "made today"


def span(days: int) -> str:
    """A number of days in words, in the unit in which people say it."""
    for size, unit in ((365, "year"), (30, "month"), (7, "week")):
        if days >= 2 * size:
            return f"{days // size} {unit}s"
    return f"{days} day" if days == 1 else f"{days} days"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
