"""List the secrets of a target: paths, types and files, and what is missing

Needs no key and shows no value: SOPS leaves the names and the types in clear text. Of a secret that several files set,
the strongest is named. A secret that the contract has and nobody sets is listed as not set.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.cli.secrets import _given
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _given.add_place(parser)
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Look, without opening anything."""
    from terrace.report.secrets import listed_json, listed_text
    from terrace.secrets.reading import listed

    place = _given.place_of(args)
    text = listed_json if args.format == "json" else listed_text
    _options.write(args, text(listed(place), _options.style(args)))
    return ExitCode.CLEAN
