"""Turn a flag off in an environment: everybody gets the off variant

Its rules and its default stay in the file, for when it is turned on again. What cannot wait for a review: `terrace
flags kill`.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli.flags import _toggle


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _toggle.configure(parser)


def run(args: Namespace) -> int:
    """Work it out, judge it, commit it."""
    from terrace.toggle import Action

    return _toggle.run(args, Action("off", args.flag, args.env, reason=args.reason))
