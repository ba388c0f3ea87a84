"""Check everything: every rule over every effective config.

With FILES, what they reach: a tenant's file reaches that tenant's targets, any other file all of them. Then contracts
are judged by their committed schemas, and rules across fields are left to a whole run. Exit code 1 means findings at
or above the threshold.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from datetime import date
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.errors import ExitCode, UsageError
from terrace.report import format_names, renderer

if TYPE_CHECKING:
    from terrace.model.findings import Report


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("files", nargs="*", metavar="FILES", help="files of the repository; default: all of them")
    parser.add_argument("--fail-on", choices=["error", "warning", "info"], default="error", help="default: error")
    parser.add_argument("--now", type=date.fromisoformat, metavar="DATE", help="the day expiries are judged on")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes for many tenants")
    parser.add_argument("--history", action="store_true", help="ask Git also whether ledgers of secrets are right")
    parser.add_argument("--no-cache", action="store_true", help="judge everything anew")
    parser.add_argument("--baseline", metavar="FILE", help="let the findings in it stand, and fail on new ones")
    parser.add_argument("--write-baseline", metavar="FILE", help="write today's findings as a baseline")
    _options.add_at(parser)
    _options.add_format(parser, format_names())


def run(args: Namespace) -> int:
    """Validate, report, and fail on what was asked to fail on."""
    from terrace import pipeline
    from terrace.model.findings import Severity

    folder = _options.folder_of(args)
    if args.history and args.at is not None:
        raise UsageError("--history is about what is checked out", hint="Leave --at out.")
    report = pipeline.validate(
        folder,
        at=args.at,
        files=_options.paths_in(folder, args.files, must_exist=args.at is None),
        today=args.now,
        fail_on=Severity[args.fail_on.upper()],
        jobs=args.jobs,
        cached=not args.no_cache,
        history=args.history,
    )
    if args.write_baseline or args.baseline:
        report = _with_baseline(report, args)
    _options.write(args, renderer(args.format)(report, style=_options.style(args)))
    return ExitCode.FINDINGS if report.failed else ExitCode.CLEAN


def _with_baseline(report: Report, args: Namespace) -> Report:
    from terrace.report import baseline

    if args.write_baseline:
        _options.write_file(args.write_baseline, baseline.baseline_text(report))
        sys.stderr.write(f"terrace: wrote {len(report.findings)} findings to {args.write_baseline}\n")
        return baseline.settle(report, args.write_baseline).report
    settled = baseline.settle(report, args.baseline)
    if settled.gone:
        sys.stderr.write(f"terrace: {settled.gone} findings of the baseline are gone: write it anew\n")
    return settled.report
