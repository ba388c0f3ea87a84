"""The name that was meant, where one was given that does not exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from terrace.errors import UsageError


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like `name`, or nothing: a typing error, or an abbreviation such as `prod`."""
    from difflib import get_close_matches  # most runs never need it

    by_folded = {each.casefold(): each for each in known}
    wanted = name.casefold()
    close = get_close_matches(wanted, by_folded, n=1)
    longer = [each for each in by_folded if len(wanted) > 2 and each.startswith(wanted)]
    found = close or (longer if len(longer) == 1 else [])
    return by_folded[found[0]] if found else ""


T = TypeVar("T")


def named(name: str, known: Mapping[str, T], what: str) -> T:
    """`known[name]`, or a UsageError that suggests the name that was meant."""
    if name in known:
        return known[name]
    close = closest(name, known)
    more = f", and {len(known) - 12} more" if len(known) > 12 else ""
    there = f"There are: {', '.join(sorted(known)[:12]) or 'none'}{more}."
    meant = f"Did you mean {close!r}?" if close else ""
    hint = meant if meant and len(known) == 1 else f"{meant} {there}".lstrip()
    raise UsageError(f"there is no {what} {name!r}", hint=hint)
