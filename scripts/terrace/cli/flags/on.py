"""Turn a flag on in an environment

It is enabled, and no longer killed. Whom it gives which variant is what its rules and its default say; where the file
does not name the environment yet, everybody gets the variant that is true.

One line of YAML changes, and is committed with what and why; in a protected environment to a branch of its own, pushed
and put up as a pull request where there is a remote and a forge (`[tool.terrace.forge]` in `pyproject.toml`).
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

    return _toggle.run(args, Action("on", args.flag, args.env, reason=args.reason))
