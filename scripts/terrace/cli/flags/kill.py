"""Kill a flag in an environment, at once: applications use their own default

The one change that is committed directly in a protected environment too, with its reason, and pushed where there is a
remote. The commit is the record. Where the remote is away, the kill is committed all the same: a server that follows
this repository has it, and the rest is a `git push` later. `terrace flags on` revives it.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli.flags import _toggle
from terrace.errors import UsageError


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _toggle.configure(parser, direct=False)


def run(args: Namespace) -> int:
    """Work it out, judge it, commit it, push it."""
    from terrace.toggle import Action

    if not args.reason.strip():
        raise UsageError("a kill needs a reason", hint="--reason WHY: it stands beside it, and in the commit")
    return _toggle.run(args, Action("kill", args.flag, args.env, reason=args.reason))
