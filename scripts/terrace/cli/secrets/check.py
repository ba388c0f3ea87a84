"""Check every secrets file: for whom it is encrypted, whole, and with the right values

Without a key: every rule on secrets (SEC), as `terrace validate` has them. With keys at hand also: each file that one
of them should open is opened, with a record in the audit log. Its seal is verified, and its values are judged: by the
whole contract, against placeholders and weak passwords, and against those of other environments and tenants. Every
other key is tried, and must open nothing it should not. No value is ever shown. Exit code 1 means findings.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.cli.secrets import _given, _register
from terrace.errors import ExitCode
from terrace.report import format_names, renderer

if TYPE_CHECKING:
    from terrace.model.tried import Tried


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--no-keys", action="store_true", help="open nothing, also where a key is at hand")
    parser.add_argument("--fail-on", choices=["error", "warning", "info"], default="error", help="default: error")
    parser.add_argument("--now", type=date.fromisoformat, metavar="DATE", help="the day expiries are judged on")
    _given.add_reason(parser)
    _options.add_format(parser, format_names())


def run(args: Namespace) -> int:
    """Judge, with keys as far as they go."""
    from terrace.keyed import check_secrets
    from terrace.model.findings import Severity

    opener = None if args.no_keys else _register.opener_of(args, "secrets check")
    report, tried = check_secrets(
        _options.folder_of(args),
        opener,
        today=args.now,
        fail_on=Severity[args.fail_on.upper()],
        progress=_progress,
    )
    _options.write(args, renderer(args.format)(report, style=_options.style(args)))
    if opener is not None:
        from terrace.report.tried import tried_text

        sys.stdout.flush()
        sys.stderr.write(tried_text(tried))
        _given.warn(opener)
    return ExitCode.FINDINGS if report.failed else ExitCode.CLEAN


def _progress(tried: Iterator[Tried], total: int) -> Iterable[Tried]:
    from terrace.report.progress import progress

    return progress(tried, total, "Opening files")
