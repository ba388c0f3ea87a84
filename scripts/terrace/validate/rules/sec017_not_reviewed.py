"""# Recipient that nobody reviewed for a year

Nobody made sure for a year that a recipient still has to open secrets.

**Why.** People change teams, pipelines are replaced, and their keys stay. Each of them can open everything that it
could on the first day.

**Fix.** Ask its owner. If it is still needed, write today's date: `reviewed: 2026-11-24`. If not:
`terrace secrets recipients remove NAME`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from terrace.model.findings import Severity
from terrace.model.recipients import FILE
from terrace.validate.rule import Example, FilesView, Hit, rule
from terrace.validate.sealed_text import RECOVERY, REGISTER

_OLD = f"recipients:\n  recovery: {{kind: recovery, key: {RECOVERY}, owner: security, since: 2024-01-01"
_YEAR = timedelta(days=365)
GOOD = (
    Example({FILE: REGISTER}),
    Example({FILE: f"{_OLD}, reviewed: 2026-01-31}}\n"}),
)
BAD = (
    Example({FILE: f"{_OLD}}}\n"}, f"{FILE}:2", "recipients.recovery"),
    Example({FILE: f"{_OLD}, reviewed: 2025-03-01}}\n"}, f"{FILE}:2", "recipients.recovery"),
)


@rule("SEC017", "recipient that nobody reviewed for a year", on="files", severity=Severity.WARNING)
def check(view: FilesView) -> Iterator[Hit]:
    """Every recipient that is not retired, and was let in and last reviewed more than 365 days ago."""
    document = view.repository.register.document
    if view.tenant or document is None:
        return
    for name, recipient in view.repository.register.recipients.items():
        days = [day for day in (recipient.since, recipient.reviewed) if day]
        if days and not recipient.retired and view.today - max(days) > _YEAR:
            place = ("recipients", name)
            message = f"nobody reviewed '{name}' since {max(days)}"
            hint = f"Ask {recipient.owner or 'its owner'}; if it is still needed, write `reviewed: {view.today}`."
            yield Hit(message, document.at(place, key=True), place, hint)
