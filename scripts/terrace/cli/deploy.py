"""Validate, build, and deliver to each environment's destination.

Environments go in promotion order. What stands at a destination is always a whole release; killed at any point, the
next deploy finishes or removes what was begun. A rollback's hold refuses what it undid. Configuration and flags are
delivered together, and what is wrong with the one does not keep the other back; --only leaves one of them alone. With
--dry-run, only say what would change; nothing is written at a destination. With --wait, ask the processes that
`configz` in environment.yaml names until each runs it, and fail where one refuses it or time is up; what was released
stays released. Where environment.yaml names `signers`, only what one of them signed is delivered: --sign.
"""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.errors import ExitCode

if TYPE_CHECKING:
    from terrace.arrival import Arrival
    from terrace.delivery import Delivered


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _options.add_environments(parser)
    _options.add_only(parser)
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for the release log")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes for many tenants")
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and deliver nothing")
    _options.add_sign(parser)
    _options.add_wait(parser)
    _options.add_format(parser, ("text", "json"))
    _options.add_at(parser)


def run(args: Namespace) -> int:
    """Build into a scratch folder, deliver, and tell what happened."""
    from terrace import delivery
    from terrace.report.arrived import arrived_text
    from terrace.report.delivered import delivered_json, delivered_text

    started = time.monotonic()
    folder = _options.folder_of(args)
    _options.warn_of_rules_not_run(folder, args.at)
    key = _options.signing_key(args)
    names = _options.environments(args)
    with _options.scratch(folder / ".terrace" / "staging") as staging:
        delivered = delivery.deploy(
            folder,
            staging,
            names,
            actor=_options.actor(),
            reason=args.reason,
            at=args.at,
            streams=_options.streams(args),
            dry_run=args.dry_run,
            key=key,
            jobs=args.jobs,
            progress=_options.progress,
        )
    seconds = time.monotonic() - started
    arrivals = _wait(delivered, args.wait) if args.wait is not None and not args.dry_run else None
    if args.format == "json":
        text = delivered_json(delivered, dry_run=args.dry_run, arrivals=arrivals)
    else:
        text = delivered_text(delivered, _options.style(args), seconds=seconds, dry_run=args.dry_run)
        text += arrived_text(arrivals, _options.style(args)) if arrivals is not None else ""
    _options.write(args, text)
    if any(each.failed for each in delivered):
        return ExitCode.FAILED
    late = any(each.state != "arrived" for each in arrivals or ())
    return ExitCode.FINDINGS if late or any(each.problem for each in delivered) else ExitCode.CLEAN


def _wait(delivered: list[Delivered], seconds: float) -> list[Arrival]:
    """What the processes of every environment that was released say, within so many seconds for all."""
    from terrace import arrival

    wanted: list[arrival.Endpoint] = []
    for each in delivered:
        if each.delivery is not None and not each.problem:
            digests = {ref.service: ref.digest for ref in each.delivery.release.bundles}
            wanted += arrival.endpoints(digests, each.built.environment.configz)
    return arrival.wait(list(dict.fromkeys(wanted)), seconds)
