"""Say who gets what of a flag: one subject, or every tenant

The files are compiled as for applications, and asked through the evaluator that applications have. The subject is
described by --tenant and --context; --all-tenants asks for each tenant of the environment.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.cli.flags import _subject
from terrace.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terrace.flags.evaluator import Resolution


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("flag", metavar="KEY")
    _subject.configure(parser)
    parser.add_argument("--all-tenants", action="store_true", help="one line for each tenant of the environment")
    _options.add_at(parser)
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Compile, ask, and tell; exit 1 where an evaluation failed."""
    from terrace.report.flags import answer_json, answers_text

    if args.all_tenants and args.tenant:
        raise UsageError("--tenant and --all-tenants do not go together")
    rows = list(_answers(args))
    if args.format == "json":
        import json

        told = [{**({"tenant": who} if who else {}), **answer_json(found)} for who, found in rows]
        _options.write(args, json.dumps(told if args.all_tenants else told[0], indent=2, ensure_ascii=False) + "\n")
    else:
        _options.write(args, answers_text([(who or args.flag, found) for who, found in rows], _options.style(args)))
    return ExitCode.FINDINGS if any(found.error_code for _, found in rows) else ExitCode.CLEAN


def _answers(args: Namespace) -> Iterator[tuple[str, Resolution]]:
    from terrace.asking import book, flag_set, tenants

    flags = book(_options.folder_of(args), at=args.at)
    flags.flag(args.flag)
    context = _subject.context_of(args)
    answers = flag_set(flags, args.env, _subject.moment_of(args))
    if not args.all_tenants:
        yield args.tenant or "", answers.resolve(args.flag, context)
        return
    names = tenants(flags, args.env)
    if not names:
        raise UsageError(f"no tenant is in {args.env}", hint="Leave --all-tenants out.")
    for name in names:
        yield name, answers.resolve(args.flag, {"targetingKey": name, **context, "tenant": name})
