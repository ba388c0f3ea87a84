"""Print the value of one secret

It is the value that takes effect for the target: of the strongest file that sets it. On a terminal it is printed as a
line; anywhere else it goes out exactly as it is, and only with --yes, so that no log gets a secret by accident. The
opening is put into the audit log.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from terrace.cli.secrets import _given
from terrace.errors import ExitCode, RefusedError


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _given.add_place(parser, path=True)
    _given.add_reason(parser)
    parser.add_argument("--yes", action="store_true", help="print it even where standard output is no terminal")


def run(args: Namespace) -> int:
    """Find, open, print."""
    from terrace.secrets.reading import one

    place, pointer = _given.place_of(args), _given.pointer_of(args)
    place.secret(pointer)
    terminal = sys.stdout.isatty()
    if not terminal and not args.yes:
        hint = "Say --yes if the value shall go there."
        raise RefusedError("standard output is no terminal: a pipe or a file would get the value", hint=hint)
    opener = _given.opener_of(args, "secrets get")
    text = one(place, pointer, opener)
    if terminal:
        sys.stdout.write(text.reveal() + "\n")
    else:
        # The very bytes, whatever the locale makes of other output.
        sys.stdout.buffer.write(text.reveal().encode())
    _given.warn(opener)
    return ExitCode.CLEAN
