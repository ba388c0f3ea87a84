"""What the doctor found, a line each."""

from __future__ import annotations

import json
from collections.abc import Sequence

from terrace.doctor import Check
from terrace.report.style import PLAIN, Style
from terrace.report.table import Column, table


def health_text(checks: Sequence[Check], style: Style = PLAIN) -> str:
    """A line for each check, what is missing with what that costs."""
    columns = (Column(whole=True), Column(whole=True, role="strong"), Column())
    rows = [(_sign(check), check.name, check.found if check.ok else check.costs) for check in checks]
    missing = [check for check in checks if not check.ok]
    needed = [check.name for check in missing if check.needed]
    end = f"Missing: {', '.join(needed)}." if needed else "Everything that Terrace needs is here."
    return table(columns, rows, style) + f"\n{end}\n"


def health_json(checks: Sequence[Check]) -> str:
    """The same for programs: `checks`, each with `name`, `ok`, `found` (empty if missing), `costs` and `needed`."""
    return json.dumps({"version": 1, "checks": [check._asdict() for check in checks]}, indent=2) + "\n"


def _sign(check: Check) -> str:
    if check.ok:
        return "ok"
    return "missing" if check.needed else "without"
