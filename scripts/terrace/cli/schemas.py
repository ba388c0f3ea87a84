"""Make the JSON Schemas and editor settings from the contracts.

Writes `schemas/generated/` and the settings of common editors. With --check nothing is written: the stale files are
named and the exit code is 1.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is stale")


def run(args: Namespace) -> int:
    """Export the contracts, or say which exports are stale."""
    from terrace import schemas

    folder = _options.folder_of(args)
    stale = schemas.write(folder, check=args.check)
    for path in stale:
        done = "stale" if args.check else "wrote" if (folder / path).is_file() else "removed"
        sys.stdout.write(f"{done}  {path}\n")
    if stale and args.check:
        sys.stderr.write("terrace: generated files are not what the contracts lead to\n  hint: terrace schemas\n")
        return ExitCode.FINDINGS
    return ExitCode.CLEAN
