"""Copy the state of a flag from one environment to another

All of it but a kill, which is of one environment: the edit is shown line by line. A tenant that a rule names has to be
in the other environment too.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli.flags import _toggle


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _toggle.configure(parser, environment=False)
    parser.add_argument("--from", dest="source", metavar="ENV", required=True)
    parser.add_argument("--to", metavar="ENV", required=True)


def run(args: Namespace) -> int:
    """Work it out, judge it, commit it."""
    from terrace.toggle import Action

    return _toggle.run(args, Action("promote", args.flag, args.to, source=args.source, reason=args.reason))
