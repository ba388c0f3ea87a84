"""Make a token, and print it: this once, and never again

It may read the plain values of every environment, service and tenant, unless it is told to be for some. `--tenant ''`
is for no tenant. With --replaces the new token is for what the old one was, and the old one ends after a while in which
both are good.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.cli.tokens import _file
from terrace.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from terrace.server.tokens import Scopes


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _file.add_file(parser)
    parser.add_argument("--name", metavar="WHO", help="whose it is, for the logs")
    for scope, says in (("env", "environment"), ("service", "service"), ("tenant", "tenant")):
        parser.add_argument(
            f"--{scope}", action="append", metavar="NAME", help=f"only this {says}; several times: these"
        )
    parser.add_argument("--may", action="append", metavar="WHAT", help="read (default), secrets, flags, write")
    parser.add_argument("--days", type=float, default=90.0, metavar="N", help="how long it is good; default: 90")
    parser.add_argument("--replaces", metavar="ID", help="the token that it takes the place of")
    parser.add_argument("--overlap", type=float, default=7.0, metavar="N", help="days that the old one stays good: 7")
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Make it, keep its digest, print it."""
    from terrace.cli.tokens._listed import created_json
    from terrace.server import tokens

    if args.days <= 0 or args.overlap < 0:
        raise UsageError("--days is above 0, --overlap not below 0")
    now = datetime.now(UTC)
    with _file.held(Path(args.tokens)) as kept:
        old = tokens.one(kept, args.replaces) if args.replaces else None
        name = args.name or (old.name if old else "")
        if not name:
            raise UsageError("nothing says whose token it is", hint="Give it a name: --name 'the till of acme'.")
        scopes = _scopes(args, old.scopes if old else None)
        text, made = tokens.new(name, scopes, now=now, days=args.days)
        if old is not None:
            kept[:] = tokens.replaced(kept, old.id, now=now, overlap=args.overlap)
        kept.append(made)
    if args.format == "json":
        _options.write(args, created_json(text, made))
    else:
        sys.stderr.write(f"{made.name}: id {made.id}, until {tokens.stamp(made.expires)}. It is shown only now:\n")
        _options.write(args, f"{text}\n")
    return ExitCode.CLEAN


def _scopes(args: Namespace, old: Scopes | None) -> Scopes:
    from terrace.server.tokens import ANY, Scopes

    said = (args.env, args.service, args.tenant, args.may)
    if old is not None:
        if any(each is not None for each in said):
            raise UsageError(
                "a token that replaces one is for the same: leave --env, --service, --tenant and --may out"
            )
        return old
    names = [tuple(each) if each is not None else (ANY,) for each in said[:3]]
    return Scopes(names[0], names[1], names[2], tuple(args.may or ("read",)))
