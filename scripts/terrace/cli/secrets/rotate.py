"""Renew secrets: all that are due, or one by name; or the data keys of their files

The system that takes the secret is told by the policy's hook; the value before stays valid for the policy's overlap,
and a later run takes it away. An interrupted run can be run again. What is written has to be committed and deployed.
Where a layer names the value by a reference to a secret manager, the store gets a new version.

--data-keys encrypts files anew under keys of their own, for the same people, where those are whom the register asks
for. No value and no age changes.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.cli.secrets import _given, _register
from terrace.errors import ExitCode, RefusedError, TerraceError, UsageError
from terrace.model.recipients import FILE as REGISTER

if TYPE_CHECKING:
    from terrace.secrets.plan import Planned


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("service", metavar="SERVICE", nargs="?")
    parser.add_argument("path", metavar="PATH", nargs="?", help="as database.password")
    parser.add_argument("--due", action="store_true", help="whatever its policy says is to be done now")
    parser.add_argument("--data-keys", action="store_true", help="of every file, or those of SERVICE")
    parser.add_argument("--env", metavar="ENV", help="one environment; needed for a secret by name, else all of them")
    parser.add_argument("--tenant", metavar="TENANT", help="a tenant's own secrets")
    parser.add_argument("--end-overlap", action="store_true", help="take the value before away now: somebody knows it")
    _given.add_reason(parser)
    parser.add_argument("--dry-run", action="store_true", help="show the steps, and take none")


def run(args: Namespace) -> int:
    """Choose, show or do, and say what became of it."""
    from terrace.report.rotated import planned_text

    folder, now = _options.folder_of(args), datetime.now(UTC)
    if args.data_keys:
        return _data_keys(args, folder, now)
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
        raise UsageError("say what is to be rotated: SERVICE PATH, --due, or --data-keys")
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
    from terrace.secrets import in_store
    from terrace.secrets.rotate import rotate
    from terrace.secrets.stores import Stores

    failed = False
    stores = Stores(folder, os.environ)
    opener = _given.opener_of(args, "secrets rotate")
    for each in planned:
        try:
            how = {"renew": each.action == "renew", "end_overlap": args.end_overlap}
            if each.standing.reference:
                done = in_store.rotate(folder, each.job, stores, opener, now, **how)
            else:
                done = rotate(folder, each.job, opener, now, **how)
        except TerraceError as error:
            failed = True
            sys.stderr.write(f"terrace: {each.standing.file}: {error.message}\n")
            sys.stderr.write(f"  {error.hint}\n" if error.hint else "")
        else:
            sys.stdout.write(done_text(each, done, _options.style(args)))
            sys.stdout.flush()
    _given.warn(opener)
    return failed


def _data_keys(args: Namespace, folder: Path, now: datetime) -> int:
    """Encrypt files anew; one that fails does not keep the others from it."""
    from terrace.report.progress import progress
    from terrace.report.words import count
    from terrace.secrets.data_keys import files_of, renew
    from terrace.secrets.overview import overview

    if args.due or args.path or args.end_overlap:
        raise UsageError("--data-keys goes with SERVICE, --env and --tenant only")
    found = overview(folder, now.date(), environment=args.env)
    files = files_of(found, args.service or "", args.tenant)
    if args.service and not files:
        raise UsageError(f"{args.service} has no secrets file there")
    if args.dry_run:
        sys.stdout.writelines(f"would give {path} a new data key\n" for path in files)
        return ExitCode.CLEAN
    opener, failed = _given.opener_of(args, "secrets rotate --data-keys"), 0
    # Who stands in a file is covered by no seal: whoever pushed it could name a key of their own.
    wrong = {file.document.path for file in _register.wrong(folder)} if (folder / REGISTER).exists() else set()
    for path in progress(files, len(files), "New data keys"):
        try:
            if path in wrong:
                raise RefusedError(
                    "it is not encrypted for exactly those whom the register asks for",
                    hint="First: terrace secrets recipients sync",
                )
            renew(folder, path, opener, now)
        except TerraceError as error:
            failed += 1
            sys.stderr.write(f"terrace: {path}: {error.message}\n")
            sys.stderr.write(f"  {error.hint}\n" if error.hint else "")
    sys.stdout.write(f"{count(len(files) - failed, 'file')} under a new data key\n")
    _given.warn(opener)
    return ExitCode.FAILED if failed else ExitCode.CLEAN
