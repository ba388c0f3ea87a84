"""Show a flag: what it is, and its rules in plain words in each environment"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode
from terrace.model.closest import named


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("flag", metavar="KEY")
    parser.add_argument("--env", action="append", default=[], metavar="ENV", help="these environments only")
    _options.add_at(parser)
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Read, and tell."""
    from terrace.asking import book
    from terrace.report.flags import flag_json, show_text

    flags = book(_options.folder_of(args), at=args.at)
    flag = flags.flag(args.flag)
    for name in args.env:
        named(name, flags.environments, "environment")
    names = args.env or flags.ordered()
    if args.format == "json":
        import json

        told = flag_json(flag, flags.environments, names)
        _options.write(args, json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    else:
        _options.write(args, show_text(flag, names, flags.environments, _options.style(args)))
    return ExitCode.CLEAN
