"""# Flag that has expired, or will soon

The day by which a flag was to be gone has passed, or comes within two weeks.

**Why.** A flag that stays after its feature is out is a branch in the code that nobody tests any more. It is taken out
while somebody still knows what it did.

**Fix.** Take the flag out of the code, then move its key under `archived`. If it is needed for longer, give `expires` a
later day, in a pull request that says why; if it is meant to stay, `permanent: true`.

**Exceptions.** It is a warning for thirty days, so that a pull request about something else can be merged; then it is
the error `FLG016`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Severity
from terrace.validate.flag_places import GRACE, WARNING_DAYS, overdue
from terrace.validate.flag_text import FLAG, area
from terrace.validate.rule import Example, FlagsView, Hit, rule

GOOD = (
    Example(area("", flag=FLAG.replace("2026-12-31", "2026-06-16"))),
    Example(area("", flag=FLAG.replace("expires: 2026-12-31", "permanent: true"))),
)
BAD = (
    Example(area("", flag=FLAG.replace("2026-12-31", "2026-05-31")), "flags/shop.yaml:7", "flags.new-menu.expires"),
    Example(area("", flag=FLAG.replace("2026-12-31", "2026-06-15")), "flags/shop.yaml:7", "flags.new-menu.expires"),
)


@rule("FLG008", "flag that has expired, or will soon", on="flags", severity=Severity.WARNING)
def check(view: FlagsView) -> Iterator[Hit]:
    """Every flag whose end is near, or has passed by no more than the days of grace."""
    for flag, days in overdue(view):
        if -WARNING_DAYS <= days <= GRACE:
            says = f"expired on {flag.expires}" if days > 0 else f"expires on {flag.expires}"
            pointer = (*flag.pointer, "expires")
            hint = f"{flag.owner or 'Its owner'}: take it out of the code and archive it, or give it a later day."
            yield Hit(f"flag '{flag.key}' {says}", flag.document.at(pointer), pointer, hint)
