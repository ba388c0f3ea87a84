"""What a change to flags does, as a comment on a pull request."""

from __future__ import annotations

from terrace.plan_flags import Change, Plan
from terrace.report.flag_plan import in_short, summary, told_of
from terrace.report.stale_on_forges import code, plain

_MOST = 60_000
"""Characters: forges refuse comments of more than 65,536."""


def plan_markdown(plan: Plan) -> str:
    """The flags that move somebody, each folded away below its name; then those that move nobody."""
    lines = [
        "### Feature flags",
        "",
        f"{plain(plan.head)}, compared with {plain(plan.base)}.",
        "",
        plain(summary(plan)),
    ]
    room = _MOST - len("\n".join(lines))
    left = 0
    for change in sorted(in_short(plan.changes), key=lambda each: each.moves_nobody):
        block = _block(change)
        room -= len(block) + 1
        if room < 0:
            left += 1
        else:
            lines += ["", block]
    lines += ["", f"{left:,} more would not fit: `terrace flags plan` shows all."] if left else []
    return "\n".join(lines) + "\n"


def _block(change: Change) -> str:
    mark = "moves nobody" if change.moves_nobody else change.kind
    where = ", ".join(code(each) for each in change.environments)
    lines = [f"- {code(change.flag)} in {where}: {mark}", "  <details><summary>Who gets what</summary>", ""]
    lines += [f"  {'  ' * (depth - 1)}- {plain(said)}" for depth, said in told_of(change)]
    return "\n".join([*lines, "", "  </details>"])
