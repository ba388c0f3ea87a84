"""Who asks for a flag, as the command line describes them: `--tenant`, `--context`, `--now`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from terrace.errors import UsageError


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--env", metavar="ENV", required=True)
    parser.add_argument(
        "--tenant", metavar="TENANT", help="the attribute tenant; the targeting key too, if none is said"
    )
    parser.add_argument(
        "--context", nargs="+", action="extend", default=[], metavar="WHAT",
        help="attributes as k=v, a JSON object, @FILE with one, or - for standard input",
    )  # fmt: skip
    add_now(parser)


def add_now(parser: ArgumentParser) -> None:
    """`--now`."""
    parser.add_argument(
        "--now", type=_moment, metavar="TIME", help="the moment, as 2027-01-15T08:00:00Z (default: now)"
    )


def context_of(args: Namespace) -> dict[str, Any]:
    """The subject's attributes."""
    context: dict[str, Any] = {}
    for said in args.context:
        context.update(_attributes(said))
    if args.tenant:
        context = {"targetingKey": args.tenant, **context, "tenant": args.tenant}
    return context


def moment_of(args: Namespace) -> datetime:
    """The moment of the evaluation."""
    return args.now or datetime.now(UTC)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no time, as 2027-01-15T08:00:00Z") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _attributes(said: str) -> dict[str, Any]:
    if said == "-":
        return _object(sys.stdin.read(), "standard input")
    if said.startswith("@"):
        try:
            return _object(Path(said[1:]).read_text(encoding="utf-8"), said[1:])
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"cannot read {said[1:]}: {getattr(error, 'strerror', None) or 'it is no text'}"
            ) from error
    if said.lstrip().startswith("{"):
        return _object(said, "--context")
    name, equals, text = said.partition("=")
    if not equals or not name:
        raise UsageError(f"{said!r} is no attribute", hint='As plan=gold, or {"plan": "gold"}, or @FILE')
    return _nested(name, _value(text))


def _nested(name: str, value: Any) -> dict[str, Any]:
    """`user.email=x` is an attribute of `user`, as conditions name it."""
    first, dot, rest = name.partition(".")
    return {first: _nested(rest, value)} if dot and rest else {name: value}


def _value(text: str) -> Any:
    """A number, true, false or null as in JSON; everything else, as 2.4.0, is text."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(found, str) and not text.startswith('"') else found


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f"{where} is no JSON object", hint='As {"tenant": "acme", "plan": "gold"}')
    return found
