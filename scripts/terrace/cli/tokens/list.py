"""List the tokens: whose they are, what they are for, and until when

The tokens themselves are nowhere: a lost one is replaced.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path

from terrace.cli import _options
from terrace.cli.tokens import _file
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _file.add_file(parser)
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Read the file."""
    from terrace.cli.tokens._listed import listed_json, listed_text
    from terrace.server import tokens

    kept = tokens.read(Path(args.tokens))
    if args.format == "json":
        _options.write(args, listed_json(kept))
    else:
        _options.write(args, listed_text(kept, datetime.now(UTC), _options.style(args)))
    return ExitCode.CLEAN
