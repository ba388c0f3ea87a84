"""Set a secret in the encrypted file that should have it

The value is asked for twice at a hidden prompt, or read from standard input with --stdin; it is typed and checked by
the contract. The file is begun if there is none, encrypted for the recipients that are asked for; else only this value,
the time and the seal change in it. The day is noted in the ledger beside it. Changing a file needs a key that opens it;
without one, `terrace secrets propose` sets a secret too.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from terrace.cli.secrets import _given
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _given.add_place(parser, path=True)
    _given.add_stdin(parser)
    _given.add_reason(parser)


def run(args: Namespace) -> int:
    """Ask, check, write."""
    from terrace.secrets.change import change

    place, pointer = _given.place_of(args), _given.pointer_of(args)
    opener = _given.opener_of(args, "secrets set")
    value = _given.value_of(args, place.secret(pointer), pointer)
    changes = change(place, {pointer: value}, opener, _given.now())
    sys.stdout.write(_given.said(place, changes))
    _given.warn(opener)
    return ExitCode.CLEAN
