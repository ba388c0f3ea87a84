"""Validate, build, and deliver to each environment's destination.

Environments go in promotion order. What stands at a destination is always a whole release; killed at any point, the
next deploy finishes or removes what was begun. A rollback's hold refuses what it undid. With --dry-run, only say what
would change; nothing is written at a destination.
"""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _options.add_environments(parser)
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for the release log")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes for many tenants")
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and deliver nothing")
    _options.add_format(parser, ("text", "json"))
    _options.add_at(parser)


def run(args: Namespace) -> int:
    """Build into a scratch folder, deliver, and tell what happened."""
    from terrace import delivery
    from terrace.report.delivered import delivered_json, delivered_text

    started = time.monotonic()
    folder = _options.folder_of(args)
    _options.warn_of_rules_not_run(folder, args.at)
    names = _options.environments(args)
    with _options.scratch(folder / ".terrace" / "staging") as staging:
        delivered = delivery.deploy(
            folder,
            staging,
            names,
            actor=_options.actor(),
            reason=args.reason,
            at=args.at,
            dry_run=args.dry_run,
            jobs=args.jobs,
            progress=_options.progress,
        )
    seconds = time.monotonic() - started
    if args.format == "json":
        text = delivered_json(delivered, dry_run=args.dry_run)
    else:
        text = delivered_text(delivered, _options.style(args), seconds=seconds, dry_run=args.dry_run)
    _options.write(args, text)
    if any(each.failed for each in delivered):
        return ExitCode.FAILED
    return ExitCode.FINDINGS if any(each.problem for each in delivered) else ExitCode.CLEAN
