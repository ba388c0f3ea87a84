"""The name that was meant, where one was given that does not exist."""

from __future__ import annotations

from collections.abc import Iterable


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like `name`, or nothing: a typing error, or an abbreviation such as `prod`."""
    from difflib import get_close_matches  # most runs never need it

    by_folded = {each.casefold(): each for each in known}
    wanted = name.casefold()
    close = get_close_matches(wanted, by_folded, n=1)
    longer = [each for each in by_folded if len(wanted) > 2 and each.startswith(wanted)]
    found = close or (longer if len(longer) == 1 else [])
    return by_folded[found[0]] if found else ""
