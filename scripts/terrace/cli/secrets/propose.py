"""Set a secret without being able to read any

The value is encrypted with public keys into a small file of its own beside the main one, which it outranks: it takes
effect as soon as it is merged. An earlier proposal of the same secret is replaced. No key is needed, and nothing is
opened. Whoever holds a key folds it into the main file later: `terrace secrets fold`. The value is asked for at a
hidden prompt, or read from standard input.
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


def run(args: Namespace) -> int:
    """Ask, check, encrypt."""
    from terrace.secrets.propose import propose

    place, pointer = _given.place_of(args), _given.pointer_of(args)
    value = _given.value_of(args, place.secret(pointer), pointer)
    proposed = propose(place, pointer, value, _given.now())
    sys.stdout.write(_given.said(place, [proposed.changed]))
    sys.stdout.writelines(f"removed {path}: the new proposal takes its place\n" for path in proposed.replaced)
    return ExitCode.CLEAN
