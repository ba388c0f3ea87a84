"""What a toggle does: the line that changes, who gets what then and now, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from terrace.report.changed import diff
from terrace.report.style import PLAIN, Style
from terrace.report.table import Column, table

if TYPE_CHECKING:
    from terrace.toggle import Made, Outcome, Proposed, Toggle

_COLUMNS = (Column(whole=True, role="strong"), Column())


def toggle_text(found: Toggle, style: Style = PLAIN) -> str:
    """The edit as a diff, and what becomes of each environment."""
    diffs = [diff(found.path, found.before, found.after, style)]
    diffs += [f"{path} follows from it\n" for path in found.also]
    return "".join(diffs) + "\n" + table(_COLUMNS, list(_rows(found.outcomes)), style)


def _rows(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    rows = []
    for each in outcomes:
        if each.changed:
            taken = f"  (as {each.takes})" if each.takes else ""
            rows += [(each.environment, each.before), ("", f"-> {each.after}{taken}")]
        elif not rows or each.after != "no such flag":
            rows.append((each.environment, f"as before: {each.after}"))
    return rows


def toggled_json(
    found: Toggle, made: Made | None, proposed: Proposed | None, pushed: str, problem: str
) -> dict[str, Any]:
    """The same for programs. `pushed` is the remote that has the commit, `problem` what kept it from it."""
    return {
        "flag": found.action.flag,
        "action": found.action.verb,
        "environment": found.action.environment or None,
        "path": found.path,
        "changed": found.changes,
        "diff": diff(found.path, found.before, found.after),
        "environments": [
            {"environment": each.environment, "before": each.before, "after": each.after, "takes": each.takes or None}
            for each in found.outcomes
        ],
        "findings": [
            {"code": each.code, "severity": each.severity.word, "message": each.message, "location": str(each.location)}
            for each in found.findings
        ],
        "protected": found.protected,
        "commit": made.commit.oid if made else proposed.commit.oid if proposed else None,
        "branch": made.branch if made else proposed.branch if proposed else None,
        "pushed": pushed or None,
        "pull_request": (proposed.url or None) if proposed else None,
        "problem": problem or None,
    }
