"""# Flag that expired long ago

A flag expired more than thirty days ago.

**Why.** As a warning it was passed by. A day that nobody keeps is worse than none: it is believed.

**Fix.** Take the flag out of the code, then move its key under `archived`; or give `expires` a later day.

**Exceptions.** For the first thirty days it is the warning `FLG008`. It fails `terrace validate`, and keeps no flags from
being delivered: a date must not stand in the way of a kill switch.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.validate.flag_places import GRACE, overdue
from terrace.validate.flag_text import FLAG, area
from terrace.validate.rule import Example, FlagsView, Hit, rule

_OLD = FLAG.replace("2026-05-01", "2026-01-01")
GOOD = (Example(area("")),)
BAD = (Example(area("", flag=_OLD.replace("2026-12-31", "2026-05-01")), "flags/shop.yaml:7", "flags.new-menu.expires"),)


@rule("FLG016", "flag that expired long ago", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every flag whose end has passed by more than the days of grace."""
    for flag, days in overdue(view):
        if days > GRACE:
            pointer = (*flag.pointer, "expires")
            hint = f"{flag.owner or 'Its owner'}: take it out of the code and archive it, or give it a later day."
            yield Hit(f"flag '{flag.key}' expired {days} days ago", flag.document.at(pointer), pointer, hint)
