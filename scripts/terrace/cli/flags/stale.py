"""List flags that have had their day, why, and what removes each

A flag is stale that expired, that is one variant for everyone (proved from what is evaluated), that was not evaluated
for some days, that no code calls; and so is a key that code calls and no file defines. Each comes with its owner, the
lines of YAML that go, and what stays of each place in the code. Nothing is changed. docs/flags-stale.md tells more.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from terrace.stale import StaleFlags


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--env", metavar="ENV", help="judge one environment; default: all of them together")
    parser.add_argument(
        "--code", action="append", type=Path, default=[], metavar="DIR",
        help="a source tree, may be given several times; default: `code` of [tool.terrace] in pyproject.toml",
    )  # fmt: skip
    parser.add_argument(
        "--days", type=int, default=30, metavar="N", help="how long nothing must have happened (default: 30)"
    )
    parser.add_argument(
        "--usage", type=Path, metavar="FILE", help="when flags were evaluated: a server's file, or JSON"
    )
    parser.add_argument("--now", type=date.fromisoformat, metavar="DATE", help="the day on which is judged")
    parser.add_argument("--exit-code", action="store_true", help="exit with 1 if there is anything to do")
    _options.add_format(parser, ("text", "json", "markdown", "github"))


def run(args: Namespace) -> int:
    """Read, prove, search, and tell."""
    from terrace.flags.seen import seen_in
    from terrace.stale import code_of, stale_flags

    if args.days < 0:
        raise UsageError("--days is a number of days, 0 or more")
    folder = _options.folder_of(args).absolute()
    now = datetime.combine(args.now, time(), UTC) if args.now else datetime.now(UTC)
    code = [each.absolute() for each in args.code] or code_of(folder)
    seen = seen_in(args.usage) if args.usage else None
    said = stale_flags(folder, now, days=args.days, environment=args.env, code=code, seen=seen)
    _options.write(args, _rendered(said, args))
    return ExitCode.FINDINGS if args.exit_code and (said.found or said.mismatches) else ExitCode.CLEAN


def _rendered(said: StaleFlags, args: Namespace) -> str:
    from terrace.report.stale import stale_json, stale_text
    from terrace.report.stale_on_forges import stale_github, stale_markdown

    if args.format == "text":
        return stale_text(said, _options.style(args))
    return {"json": stale_json, "markdown": stale_markdown, "github": stale_github}[args.format](said)
