"""The audit log for people and programs: its records, and what verifying it found."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from terrace.audit import Record, Verification
from terrace.report.cells import one_line
from terrace.report.style import PLAIN, Style
from terrace.report.words import count


def records_text(records: Sequence[Record], style: Style = PLAIN) -> str:
    """Two lines for each record: who did what when, and which secrets why."""
    return "".join(map(partial(_record, style), records)) or "No record.\n"


def records_json(records: Sequence[Record]) -> str:
    """The same for programs, without fingerprints: those are for whoever has the log itself."""
    entries = [
        {
            "sequence": record.sequence,
            "time": record.time,
            "user": record.opening.who.user,
            "host": record.host,
            "outcome": record.outcome,
            "command": record.opening.command,
            "reason": record.opening.reason,
            "file": record.opening.file,
            "commit": record.opening.commit,
            "secrets": list(record.values),
        }
        for record in records
    ]
    return _json({"records": entries})


def verified_text(found: Verification, style: Style = PLAIN) -> str:
    """What is wrong, what is not known, and the head to keep somewhere else."""
    lines = [f"{style.paint('bad', problem.kind)}  {problem}" for problem in found.problems]
    verdict = "no change was found" if found.ok else count(len(found.problems), "problem")
    lines.append(f"{count(found.records, 'record')}: {verdict}")
    lines += [f"not shown by this: {each}" for each in found.unknown]
    if found.head:
        lines.append(f"head: {found.head}")
    return "".join(f"{line}\n" for line in lines)


def verified_json(found: Verification) -> str:
    """The same for programs."""
    problems = [
        {"kind": each.kind, "file": each.file, "line": each.line, "message": each.message} for each in found.problems
    ]
    head = str(found.head) if found.head else ""
    said = {"ok": found.ok, "records": found.records, "problems": problems, "unknown": list(found.unknown)}
    return _json({**said, "head": head})


def _record(style: Style, record: Record) -> str:
    opening, names = record.opening, list(record.values)
    ended = "" if record.outcome == "opened" else f" ({record.outcome})"
    who = style.paint("strong", one_line(f"{opening.who.user}@{record.host}"))
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    secrets = f": {shown}" if shown else ""
    why = f" ({opening.reason})" if opening.reason else ""
    what = one_line(f"{opening.file}{secrets}{why}")
    # Whoever forges a record may write anything into it.
    return f"{one_line(record.time[:19])}Z  {who}  {one_line(f'{opening.command}{ended}')}\n    {what}\n"


def _json(said: dict[str, Any]) -> str:
    import json

    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"
