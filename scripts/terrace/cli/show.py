"""Print an effective config: what a target gets after every layer.

Secrets are sealed, and stand as ********. The result of `--format json` and `dotenv` can be read by programs.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode

FORMATS = ("yaml", "json", "dotenv", "properties")


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _options.add_target(parser)
    parser.add_argument("--provenance", action="store_true", help="say behind each value where it comes from")
    _options.add_at(parser)
    _options.add_format(parser, FORMATS, default="yaml")


def run(args: Namespace) -> int:
    """Merge, render, print."""
    from terrace.report.config import render_config

    view = _options.view_of(args)
    _options.write(args, render_config(view.config, view.contract, view.sealed, args.format, args.provenance))
    return ExitCode.CLEAN
