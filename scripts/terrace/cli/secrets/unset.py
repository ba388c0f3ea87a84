"""Take a secret out of the encrypted file that has it

What is below shows again: the secret of an environment that this one extends, or of the environment below a tenant.
Needs a key that opens the file. A file that holds nothing else goes.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from terrace.cli.secrets import _given
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _given.add_place(parser, path=True)
    _given.add_reason(parser)


def run(args: Namespace) -> int:
    """Open, take out, write."""
    from terrace.secrets.change import change

    place, pointer = _given.place_of(args), _given.pointer_of(args)
    opener = _given.opener_of(args, "secrets unset")
    changes = change(place, {pointer: None}, opener, _given.now())
    sys.stdout.write(_given.said(place, changes))
    _given.warn(opener)
    return ExitCode.CLEAN
