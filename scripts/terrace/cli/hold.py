"""List what rollbacks hold back, or lift a hold.

    terrace hold --env production                                   what is held, and why
    terrace hold --env production --lift NAME --reason "fixed in 1.4"

A hold goes by itself when a release is deployed in which the change it undid is gone.
"""

from __future__ import annotations

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
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """List, lift, or break a lock."""
    from terrace.report.releases import holds_json, holds_text, lifted_json, unlocked_json

    destination = _options.destination(args)
    as_json = args.format == "json"
    if not args.lift and not args.break_lock:
        holds = destination.holds()
        _options.write(args, holds_json(holds) if as_json else holds_text(holds, _options.style(args)))
        return ExitCode.CLEAN
    if not args.reason:
        raise UsageError("say why: --reason TEXT")
    record = {"reason": args.reason, "actor": _options.actor(), "now": datetime.now(UTC)}
    if args.break_lock:
        destination.break_lock(args.break_lock, **record)
        text = unlocked_json(args.break_lock) if as_json else f"the lock of {args.break_lock} is gone\n"
    else:
        hold = destination.lift(args.lift, **record)
        said = f"lifted {hold.name}: {hold.service} can be deployed with that change again\n"
        text = lifted_json(hold) if as_json else said
    _options.write(args, text)
    return ExitCode.CLEAN
