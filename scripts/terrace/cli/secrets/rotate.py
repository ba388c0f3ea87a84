"""Renew secrets: all that are due, or one by name

The system that takes the secret is told by the policy's hook; the value before stays valid for the policy's overlap,
and a later run takes it away. An interrupted run can be run again. What is written has to be committed and deployed.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.cli.secrets import _given
from terrace.errors import ExitCode, TerraceError, UsageError

if TYPE_CHECKING:
    from terrace.secrets.plan import Planned


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("service", metavar="SERVICE", nargs="?")
    parser.add_argument("path", metavar="PATH", nargs="?", help="as database.password")
    parser.add_argument("--due", action="store_true", help="whatever its policy says is to be done now")
    parser.add_argument("--env", metavar="ENV", help="one environment; with --due the default is all of them")
    parser.add_argument("--tenant", metavar="TENANT", help="a tenant's own secret")
    parser.add_argument("--end-overlap", action="store_true", help="take the value before away now: somebody knows it")
    _given.add_reason(parser)
    parser.add_argument("--dry-run", action="store_true", help="show the steps, and take none")


def run(args: Namespace) -> int:
    """Choose, show or do, and say what became of it."""
    from terrace.report.rotated import planned_text

    folder, now = _options.folder_of(args), datetime.now(UTC)
    planned = _planned(args, folder, now)
    style = _options.style(args)
    if args.dry_run or not planned:
        sys.stdout.write(planned_text(planned, style))
        return ExitCode.CLEAN
    by_hand = [each for each in planned if each.action == "hand"]
    failed = _rotate(args, folder, [each for each in planned if each.action != "hand"], now)
    if by_hand:
        sys.stdout.write(planned_text(by_hand, style))
    return ExitCode.FAILED if failed else ExitCode.FINDINGS if by_hand else ExitCode.CLEAN


def _planned(args: Namespace, folder: Path, now: datetime) -> list[Planned]:
    from terrace.model.source import parse_path
    from terrace.secrets import plan
    from terrace.secrets.overview import overview

    if args.due == bool(args.service) or bool(args.service) != bool(args.path):
        raise UsageError("say what is to be rotated: SERVICE PATH, or --due")
    if args.service and not args.env:
        raise UsageError("say in which environment: --env ENV")
    found = overview(folder, now.date(), environment=args.env)
    if args.due:
        wanted = [each for each in found if args.tenant in (None, each.tenant)]
        return plan.due(wanted)
    return plan.chosen(found, args.service, parse_path(args.path), args.tenant or "")


def _rotate(args: Namespace, folder: Path, planned: list[Planned], now: datetime) -> bool:
    """Rotate each; one that fails does not keep the others from it. Whether any failed."""
    from terrace.report.rotated import done_text
    from terrace.secrets.rotate import rotate

    failed = False
    opener = _given.opener_of(args, "secrets rotate")
    for each in planned:
        try:
            done = rotate(folder, each.job, opener, now, renew=each.action == "renew", end_overlap=args.end_overlap)
        except TerraceError as error:
            failed = True
            sys.stderr.write(f"terrace: {each.standing.file}: {error.message}\n")
            sys.stderr.write(f"  {error.hint}\n" if error.hint else "")
        else:
            sys.stdout.write(done_text(each, done, _options.style(args)))
            sys.stdout.flush()
    _given.warn(opener)
    return failed
