"""Take a token back: running servers refuse it from their next request on

Streams that it has open end within seconds.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from terrace.cli.tokens import _file
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("id", metavar="ID", help="as terrace tokens list shows it")
    _file.add_file(parser)


def run(args: Namespace) -> int:
    """Remove it from the file."""
    from terrace.server import tokens

    with _file.held(Path(args.tokens)) as kept:
        gone = tokens.one(kept, args.id)
        kept.remove(gone)
    sys.stderr.write(f"{gone.name}: the token {gone.id} is no longer good\n")
    return ExitCode.CLEAN
