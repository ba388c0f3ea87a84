"""Set several secrets from a dotenv or JSON file

FILE is a dotenv file (NAME=value lines; a name is the variable of a secret, or its dotted path) or a JSON map (nested,
or with dotted paths for keys); `-` reads standard input. All are checked first and set at once, or none is. Plain
values among them are refused by name. The file itself stays: delete it, and remember that it held secrets.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from terrace.cli.secrets import _given
from terrace.errors import ExitCode, UsageError


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", metavar="FILE", help="a dotenv or JSON file; - for standard input")
    _given.add_place(parser)
    parser.add_argument("--format", choices=("dotenv", "json"), help="default: JSON if it begins with {")
    _given.add_reason(parser)


def run(args: Namespace) -> int:
    """Read, check all, write."""
    from terrace.secrets.change import change
    from terrace.secrets.imported import imported

    place = _given.place_of(args)
    opener = _given.opener_of(args, "secrets import")
    changes = change(place, imported(place, _text(args.file), args.format), opener, _given.now())
    sys.stdout.write(_given.said(place, changes))
    _given.warn(opener)
    return ExitCode.CLEAN


def _text(file: str) -> str:
    """The text of the file, whole: one that was cut would be another file."""
    if file == "-" and sys.stdin is None:
        raise UsageError("there is no standard input")
    try:
        if file == "-":
            data = sys.stdin.buffer.read(_given.MOST + 1)
        else:
            with open(file, "rb") as stream:
                data = stream.read(_given.MOST + 1)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    if len(data) > _given.MOST:
        raise UsageError(f"{file} holds more than {_given.MOST >> 20} MiB: those are no secrets")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8") from None
