"""List the releases of an environment, as its destination remembers them.

Needs neither Git nor the network. The current release is marked; holds that stand are named at the end.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--env", required=True, metavar="ENV")
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Read the release log and the holds."""
    from terrace.report.releases import releases_json, releases_text

    destination = _options.destination(args)
    found = (destination.releases(), destination.current(), destination.holds())
    text = releases_json(*found) if args.format == "json" else releases_text(*found, style=_options.style(args))
    _options.write(args, text)
    return ExitCode.CLEAN
