"""Write the flags of an environment as a definition for flagd

It is what is sealed and served: a flag set named for the environment, whose version is the commit.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--env", metavar="ENV", required=True)
    _options.add_at(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="write it there instead of standard output")


def run(args: Namespace) -> int:
    """Compile, and write."""
    from terrace.asking import book, definition
    from terrace.flags.flagd import export_flagd

    flags = book(_options.folder_of(args), at=args.at)
    _options.write(args, export_flagd(definition(flags, args.env), flags.commit))
    return ExitCode.CLEAN
