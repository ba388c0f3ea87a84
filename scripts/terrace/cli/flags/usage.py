"""Show how often a flag, or each of them, was evaluated in the last day and week, and when last

It reads the file in which a server keeps usage: `terrace serve --usage FILE`. It is only read.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from terrace.cli import _options
from terrace.errors import ExitCode, TerraceError, UsageError

if TYPE_CHECKING:
    from terrace.flags.usage import UsageStore

_DAY, _WEEK = 86_400, 7 * 86_400


class _Used(NamedTuple):
    """A flag, or a tenant, and a variant: evaluations in the last day and week, and when last (None: not known)."""

    name: str
    variant: str
    day: int
    week: int
    last: int | None


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("flag", metavar="KEY", nargs="?", help="by tenant; all flags in total, if left out")
    parser.add_argument("--env", metavar="ENV", required=True)
    parser.add_argument("--usage", type=Path, metavar="FILE", required=True, help="the server's file")
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Read, add up, and tell."""
    from terrace.flags.usage import UsageStore

    if not args.usage.is_file():
        raise UsageError(f"there is no file {args.usage}", hint="It is what `terrace serve --usage FILE` keeps.")
    now = datetime.now(UTC).timestamp()
    store = UsageStore(args.usage)
    try:
        used = _by_tenant(store, args, now) if args.flag else _by_flag(store, args, now)
        if store.problem:
            raise TerraceError(store.problem)
    finally:
        store.close()
    _options.write(args, _json(args, used) if args.format == "json" else _text(args, used))
    return ExitCode.CLEAN


def _by_flag(store: UsageStore, args: Namespace, now: float) -> list[_Used]:
    day, week = (store.totals(args.env, now - seconds) for seconds in (_DAY, _WEEK))
    last = {(each.flag, each.variant): each.at for each in store.last_evaluated(args.env)}
    keys = sorted({*day, *week, *last})
    return [_Used(*key, day.get(key, 0), week.get(key, 0), last.get(key)) for key in keys]


def _by_tenant(store: UsageStore, args: Namespace, now: float) -> list[_Used]:
    day, week = (store.tenants(args.env, args.flag, now - seconds) for seconds in (_DAY, _WEEK))
    return [_Used(*key, day.get(key, 0), week.get(key, 0), None) for key in sorted({*day, *week})]


def _text(args: Namespace, used: list[_Used]) -> str:
    from terrace.report.table import Column, table

    if not used:
        return f"nothing was evaluated in {args.env} that {args.usage} knows of\n"
    columns = [
        Column("tenant" if args.flag else "flag", whole=True, role="strong"),
        Column("variant"),
        Column("day", right=True, whole=True),
        Column("week", right=True, whole=True),
        Column("" if args.flag else "last", whole=True),
    ]
    rows = [
        (each.name or "(none)", each.variant or "code default", f"{each.day:,}", f"{each.week:,}", _moment(each.last))
        for each in used
    ]
    return table(columns, rows, _options.style(args))


def _moment(at: int | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def _json(args: Namespace, used: list[_Used]) -> str:
    import json

    told: dict[str, Any] = {
        "environment": args.env,
        "flag": args.flag,
        "usage": [
            {
                "tenant" if args.flag else "flag": each.name or None,
                "variant": each.variant or None,
                "day": each.day,
                "week": each.week,
                **({} if args.flag else {"last": each.last}),
            }
            for each in used
        ],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"
