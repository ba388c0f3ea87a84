"""Fold proposed secrets into the main files, and remove the proposals

For whoever holds a key, or a job that does. Values that break the contract are refused, and their proposals stay.
Without --env all environments are looked at, so the key must open them all.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.cli.secrets import _given
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--env", metavar="ENV", help="only this environment's, and tenants' in it")
    _given.add_reason(parser)


def run(args: Namespace) -> int:
    """Open, move, remove."""
    from terrace.model.closest import named
    from terrace.secrets.propose import fold, waiting
    from terrace.views import environments_of

    folder = _options.folder_of(args)
    if args.env:
        named(args.env, environments_of(folder), "environment")
    opener = _given.opener_of(args, "secrets fold")
    none = True
    for folded in fold(list(waiting(folder, args.env)), opener, _given.now()):
        none = False
        sys.stdout.write(_given.said(folded.place, [folded.changed]))
        sys.stdout.writelines(f"removed {path}\n" for path in folded.proposals)
    if none:
        sys.stdout.write("No proposals wait.\n")
    _given.warn(opener)
    return ExitCode.CLEAN
