"""Take a flag out: it goes from its file, with the tests of it, and its key stays among those that were

The key is not used again for something else. Before that nothing should ask for the flag any more: `terrace flags
stale` tells.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from terrace.cli.flags import _toggle


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _toggle.configure(parser, environment=False)


def run(args: Namespace) -> int:
    """Work it out, judge it, commit it."""
    from terrace.toggle import Action

    today = str(datetime.now(UTC).date())
    return _toggle.run(args, Action("archive", args.flag, reason=args.reason, day=today))
