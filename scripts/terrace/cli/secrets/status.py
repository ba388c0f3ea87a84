"""Tell how old secrets are, when they are due, and who can open them

Needs no key: ages stand in the ledgers beside the secrets files, and Git's history speaks where a ledger is silent or
wrong. Exit code 1 means that a secret is overdue, that a value should have been revoked, or that Git does not confirm a
ledger.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, date, datetime

from terrace.cli import _options
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--env", metavar="ENV", help="one environment; default: all of them")
    parser.add_argument("--now", type=date.fromisoformat, metavar="DATE", help="the day ages are judged on")
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Look at every secrets file, its ledger and its history."""
    from terrace.report.standing import standing_json, standing_text
    from terrace.secrets.overview import overview

    today = args.now or datetime.now(UTC).date()
    found = overview(_options.folder_of(args), today, environment=args.env)
    if args.format == "json":
        text = standing_json(found, today)
    else:
        text = standing_text(found, today, _options.style(args))
    _options.write(args, text)
    late = any(each.state in ("overdue", "revoke") for each in found)
    wrong = any(each.is_contradicted for each in found)
    return ExitCode.FINDINGS if late or wrong else ExitCode.CLEAN
