"""List overlays that only repeat what they inherit; remove them with --apply.

A line that says what is said already hides the day on which the value below it changes. Nothing is removed that makes
a difference to any target.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _fixes

REPEATS = frozenset({"SCH010", "SCH011"})


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--apply", action="store_true", help="remove them")


def run(args: Namespace) -> int:
    """Validate, and show or make the removals."""
    return _fixes.run(args, REPEATS, make=args.apply)
