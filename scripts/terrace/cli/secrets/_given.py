"""What the commands on secrets have in common: options, hidden values, keys at hand, and what is said at the end."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.errors import UsageError

if TYPE_CHECKING:
    from terrace.model.secret import Secret
    from terrace.model.service import Field
    from terrace.model.source import Pointer
    from terrace.opening import Scalar
    from terrace.secrets.change import Changed
    from terrace.secrets.opening import Opener
    from terrace.secrets.place import Place

MOST = 1 << 20
"""No secret is longer than so many bytes."""


def add_place(parser: ArgumentParser, *, path: bool = False) -> None:
    """SERVICE, PATH if there is one, `--env` and `--tenant`."""
    parser.add_argument("service", metavar="SERVICE", help="the service, or shared for what several share")
    if path:
        parser.add_argument("path", metavar="PATH", help="the secret, as database.password")
    parser.add_argument("--env", metavar="ENV", required=True, help="the environment whose secrets are meant")
    parser.add_argument("--tenant", metavar="TENANT", help="the tenant's own secrets in that environment")


def add_stdin(parser: ArgumentParser) -> None:
    """`--stdin`."""
    parser.add_argument(
        "--stdin", action="store_true", help="read the value from standard input; one line break at its end is dropped"
    )


def add_reason(parser: ArgumentParser) -> None:
    """`--reason`."""
    parser.add_argument("--reason", metavar="WHY", default="", help="why, for the audit log")


def place_of(args: Namespace) -> Place:
    """The place that the options name."""
    from terrace.secrets.place import place

    return place(_options.folder_of(args), args.service, args.env, args.tenant)


def pointer_of(args: Namespace) -> Pointer:
    """The secret's path."""
    from terrace.model.source import parse_path

    return parse_path(args.path)


def opener_of(args: Namespace, command: str) -> Opener:
    """What opens secrets for this command, with a record of each opening."""
    from terrace.secrets.memory import sweep
    from terrace.secrets.opening import Opener

    sweep(os.environ)
    return Opener(_options.folder_of(args), f"terrace {command}", args.reason, os.environ)


def value_of(args: Namespace, field: Field, pointer: Pointer) -> Secret[Scalar]:
    """The value that is given at the prompt or on standard input, typed by the contract."""
    from terrace.model.typed import typed

    return typed(_piped() if args.stdin else _asked(args.path), field, pointer)


def now() -> datetime:
    """The time at which secrets are said to have changed."""
    return datetime.now(UTC)


def said(place: Place, changes: Iterable[Changed]) -> str:
    """Which files changed, and which targets get the new values. Never a value."""
    from terrace.model.source import dotted
    from terrace.report.words import count

    lines = []
    targets = [str(target) for target in place.targets()]
    reached = ", ".join(targets) if len(targets) <= 3 else f"{count(len(targets), 'target')} ({targets[0]}, ...)"
    for each in changes:
        names = ", ".join(dotted(pointer) for pointer in each.changed)
        if not each.changed:
            lines.append(f"{each.path} stays as it is: the value is the same as before\n")
        elif each.removed:
            lines.append(f"removed {each.path}: {names} was all it held\n")
        else:
            lines.append(f"{'began' if each.began else 'wrote'} {each.path}: {names}\n")
    lines.append(f"reaches {reached or 'no target'}\n")
    return "".join(lines)


def warn(opener: Opener) -> None:
    """Say what went wrong with the audit log's sinks."""
    for problem in opener.problems:
        sys.stderr.write(f"terrace: {problem}\n")


def _piped() -> str:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("--stdin reads the value from a pipe or a file", hint="Leave it out to be asked.")
    data = sys.stdin.buffer.read(MOST + 1)
    if len(data) > MOST:
        raise UsageError(f"standard input holds more than {MOST >> 20} MiB: that is no secret")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("standard input is not UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")


def _asked(path: str) -> str:
    from getpass import getpass

    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask for the value", hint="Give it on standard input: --stdin")
    try:
        first = getpass(f"Value of {path} (not shown): ", stream=sys.stderr)
        again = getpass("Once more: ", stream=sys.stderr)
    except EOFError:
        sys.stderr.write("\n")
        raise UsageError("no value was given; nothing was changed") from None
    except UnicodeDecodeError:
        raise UsageError("what was typed is not UTF-8; nothing was changed") from None
    if first != again:
        raise UsageError("the two values are not the same; nothing was changed")
    return first
