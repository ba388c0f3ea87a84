"""Say why somebody gets what they get of a flag: which rule decided, and which did not

Each condition, and each part of one, is asked of the evaluator that decides: nothing is worked out a second way.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.cli.flags import _subject
from terrace.errors import ExitCode
from terrace.model.closest import named


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("flag", metavar="KEY")
    _subject.configure(parser)
    _options.add_at(parser)
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Compile, ask, and tell; exit 1 where the evaluation failed."""
    from terrace.asking import book, explain
    from terrace.report.flags import explained_json, explained_text

    flags = book(_options.folder_of(args), at=args.at)
    flags.flag(args.flag)
    named(args.env, flags.environments, "environment")
    found = explain(flags, args.flag, args.env, _subject.context_of(args), _subject.moment_of(args))
    if args.format == "json":
        import json

        _options.write(args, json.dumps(explained_json(found, args.env), indent=2, ensure_ascii=False) + "\n")
    else:
        _options.write(args, explained_text(found, args.env, _options.style(args)))
    return ExitCode.FINDINGS if found.resolution.error_code else ExitCode.CLEAN
