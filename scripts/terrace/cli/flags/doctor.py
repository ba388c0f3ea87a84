"""Ask a flagd or OFREP server whether it splits subjects as we do

There are two ways to put a subject into a bucket, and an application that uses the other one gives half of its users
another variant. The server is asked for flags that it has, those of --env, for subjects for whom the two ways differ;
with --vectors, for flags of ours that have to be loaded there first (--print writes them).

A token is taken from TERRACE_TOKEN. A server that decides the tenant by the token is asked with --not-by tenant.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from terrace.cli import _options
from terrace.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from terrace.flags.vectors import Report, Vector

_SHOWN = 5


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("url", metavar="URL", nargs="?", help="its address, before /ofrep/v1: http://127.0.0.1:8016")
    parser.add_argument("--env", metavar="ENV", help="the environment whose flags it has")
    parser.add_argument("--not-by", metavar="NAME", default="", help="leave out what splits by this attribute")
    parser.add_argument("--vectors", action="store_true", help="ask for the flags of --print, which it has too")
    parser.add_argument("--print", action="store_true", help="write those flags, as flagd reads them")
    _options.add_at(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: Namespace) -> int:
    """Ask, and tell; exit 1 where it does not agree."""
    import json

    from terrace.flags.vectors import run as ask_all
    from terrace.flags.vectors import vector_flags
    from terrace.ofrep import Server

    if args.print:
        sys.stdout.write(json.dumps(vector_flags(), indent=2) + "\n")
        return ExitCode.CLEAN
    if not args.url or args.vectors == bool(args.env):
        raise UsageError("say which server, and what to ask it", hint="URL --env ENV, or URL --vectors")
    server = Server(args.url, os.environ.get("TERRACE_TOKEN", ""))
    report = ask_all(server.variant, None if args.vectors else _probes(args))
    if args.format == "json":
        sys.stdout.write(json.dumps(_json(report), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_text(report, args.url))
    return ExitCode.CLEAN if report.agrees else ExitCode.FINDINGS


def _probes(args: Namespace) -> tuple[Vector, ...]:
    from terrace.asking import book, definition
    from terrace.flags.vectors import probes

    flags = definition(book(_options.folder_of(args), at=args.at), args.env)
    found = tuple(each for each in probes(flags) if not args.not_by or args.not_by not in _split_by(flags, each))
    if not found:
        raise UsageError(f"no flag of {args.env} tells the two ways apart", hint="Use --vectors.")
    return found


def _split_by(flags: dict[str, Any], vector: Vector) -> str:
    """The text of what a flag splits by, in which the names of attributes stand."""
    import json

    return json.dumps(_fractionals(flags["flags"][vector.key].get("targeting")))


def _fractionals(logic: Any) -> list[Any]:
    if isinstance(logic, list):
        return [each for part in logic for each in _fractionals(part)]
    if not isinstance(logic, dict):
        return []
    here = [said[0] for name, said in logic.items() if name == "fractional" and isinstance(said, list) and said]
    return here + [each for part in logic.values() for each in _fractionals(part)]


def _text(report: Report, url: str) -> str:
    agreed = report.agreed
    lines = [f"{url}: asked {report.asked} times, answered {report.answered}"]
    if report.agrees:
        lines.append(f"it agrees: everybody gets the same variant as here (fractional {report.algorithm})")
    elif report.algorithm != "neither":
        lines.append(f"it does NOT agree: it splits by fractional {report.algorithm}, and here it is v3")
    else:
        lines.append(f"it does NOT agree: {agreed['v3']} answers as here (v3), {agreed['v2']} as by v2")
        lines.append("perhaps it has other flags than this environment, or another commit of them")
    for each in () if report.agrees else report.disagreements[:_SHOWN]:
        lines.append(f"  {each.vector.key}: {each.found or 'no answer'}, here {each.vector.ours}")
    return "".join(f"{line}\n" for line in lines)


def _json(report: Report) -> dict[str, Any]:
    return {
        "agrees": report.agrees,
        "algorithm": report.algorithm,
        "asked": report.asked,
        "answered": report.answered,
        "agreed": dict(report.agreed),
        "disagreements": [
            {
                "flag": each.vector.key,
                "context": dict(each.vector.context),
                "found": each.found,
                "ours": each.vector.ours,
            }
            for each in report.disagreements
        ],
    }
