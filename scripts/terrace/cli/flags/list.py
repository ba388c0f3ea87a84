"""List flags with their state in each environment, owner, age and expiry"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.errors import ExitCode
from terrace.model.closest import named
from terrace.model.flag import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terrace.asking import FlagBook
    from terrace.model.flag import Flag


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("text", metavar="TEXT", nargs="?", default="", help="only flags with it in key or description")
    parser.add_argument("--env", action="append", default=[], metavar="ENV", help="show these environments only")
    parser.add_argument("--owner", metavar="WHO", default="")
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--tag", metavar="TAG", default="")
    parser.add_argument("--expired", action="store_true", help="only those whose day is over")
    parser.add_argument("--killed", action="store_true", help="only those that are killed in an environment")
    _options.add_at(parser)
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Read, choose, and list."""
    from terrace.asking import book
    from terrace.report.flags import flag_json, list_text

    flags = book(_options.folder_of(args), at=args.at)
    for name in args.env:
        named(name, flags.environments, "environment")
    shown = args.env or flags.ordered()
    found = list(_chosen(flags, args, shown))
    if args.format == "json":
        import json

        told = [flag_json(flag, flags.environments, shown) for flag in found]
        _options.write(args, json.dumps({"flags": told}, indent=2, ensure_ascii=False) + "\n")
    else:
        today = datetime.now(UTC).date()
        _options.write(args, list_text(found, shown, flags.environments, today, _options.style(args)))
    return ExitCode.CLEAN


def _chosen(flags: FlagBook, args: Namespace, shown: list[str]) -> Iterator[Flag]:
    from terrace.flags.states import named_for
    from terrace.report.flags import expired

    today = datetime.now(UTC).date()
    wanted = args.text.casefold()
    for flag in flags.flags.flags.values():
        states = [flag.states.get(named_for(flag, name, flags.environments)) for name in shown]
        if (
            (not wanted or wanted in f"{flag.key}\n{flag.description}".casefold())
            and args.owner in ("", flag.owner)
            and args.kind in (None, flag.kind)
            and (not args.tag or args.tag in flag.tags)
            and (not args.expired or expired(flag, today))
            and (not args.killed or any(state and state.kill for state in states))
        ):
            yield flag
