"""Set a value in the layer that should have it

The layer is named by --env (base for all environments), --tenant and --group; --env with --tenant is the tenant's own
file in that environment. Only the bytes that must change do. The edited repository is validated first: an edit that
brings an error is not made. --branch commits to a new branch, without touching your work tree.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _change


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _change.configure(parser, value=True)


def run(args: Namespace) -> int:
    """Work the edit out, judge it, make it."""
    return _change.run(args)
