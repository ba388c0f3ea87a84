"""List what rollbacks hold back, or lift a hold.

    terrace hold --env production                                   what is held, and why
    terrace hold --env production --lift NAME --reason "fixed in 1.4"

A hold goes by itself when a release is deployed in which the change it undid is gone.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from terrace.cli import _options
from terrace.errors import ExitCode, UsageError


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--env", required=True, metavar="ENV")
    parser.add_argument("--lift", metavar="NAME", help="the hold to take away")
    parser.add_argument("--reason", metavar="TEXT", help="why it can be taken away")
    parser.add_argument("--break-lock", metavar="OWNER", help="forget a deployer on another host that is gone for good")


def run(args: Namespace) -> int:
    """List, lift, or break a lock."""
    from terrace.report.releases import holds_text

    destination, _ = _options.destination(args)
    if not args.lift and not args.break_lock:
        sys.stdout.write(holds_text(destination.holds(), _options.style(args)))
        return ExitCode.CLEAN
    if not args.reason:
        raise UsageError("say why: --reason TEXT")
    record = {"reason": args.reason, "actor": _options.actor(), "now": datetime.now(UTC)}
    if args.break_lock:
        destination.break_lock(args.break_lock, **record)
        sys.stdout.write(f"the lock of {args.break_lock} is gone\n")
    else:
        hold = destination.lift(args.lift, **record)
        sys.stdout.write(f"lifted {hold.name}: {hold.service} can be deployed with that change again\n")
    return ExitCode.CLEAN
