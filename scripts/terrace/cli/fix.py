"""Make the fixes that findings bring with them.

Each fix changes only the bytes it must. --dry-run shows the changes; --only names the rules whose fixes to make.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _fixes


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--only", action="append", default=[], metavar="CODE", help="may be given several times")
    parser.add_argument("--dry-run", action="store_true", help="show the changes, make none")


def run(args: Namespace) -> int:
    """Validate, and make the fixes."""
    return _fixes.run(args, {code.upper() for code in args.only}, make=not args.dry_run)
