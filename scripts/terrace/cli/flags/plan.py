"""Tell what a change to flags does before it is merged: what was edited, and how many subjects move between variants

It compares the work tree, or --head, with the commit in which it left the default branch, or --base. Tenants are told
one by one, subjects by shares: counted over the whole bucket space where the flag can be taken apart, else by asking
the evaluator for 20,000 of them. Nothing is checked out, and nothing of the repository runs.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from terrace.cli import _options
from terrace.cli.flags import _subject
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--base", metavar="REV", default="", help="default: where the work left the default branch")
    parser.add_argument("--head", metavar="REV", default="", help="default: the work tree")
    parser.add_argument("--env", action="append", default=[], metavar="ENV", help="these environments only")
    _subject.add_now(parser)
    parser.add_argument("--exit-code", action="store_true", help="exit with 1 if anybody moves, now or later")
    _options.add_format(parser, ("text", "json", "markdown"))


def run(args: Namespace) -> int:
    """Compare, and tell."""
    from terrace.plan_flags import plan_flags
    from terrace.report.flag_plan import plan_json, plan_text

    now = args.now or datetime.now(UTC)
    found = plan_flags(_options.folder_of(args), now, base=args.base, head=args.head, environments=args.env)
    if args.format == "markdown":
        from terrace.report.flag_plan_on_forges import plan_markdown

        _options.write(args, plan_markdown(found))
    else:
        _options.write(args, plan_json(found) if args.format == "json" else plan_text(found, _options.style(args)))
    moves = any(not change.moves_nobody for change in found.changes)
    return ExitCode.FINDINGS if args.exit_code and moves else ExitCode.CLEAN
