"""List every layer that sets a key, grouped by value.

Answers "which of our tenants override this?" over all environments and tenants. `--value` lists only the layers that
set that value (written as in YAML).
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument("path", metavar="PATH", help="a key, as database.pool_size")
    parser.add_argument("--value", metavar="VALUE", help="only the layers that set this value")
    _options.add_at(parser)
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Look through every layer."""
    from terrace.model.source import parse_path
    from terrace.report.settings import settings_json, settings_text
    from terrace.views import where

    folder = _options.folder_of(args)
    pointer = parse_path(args.path)
    found = where(folder, args.service, pointer, at=args.at)
    if args.value is not None:
        wanted = _options.value(args.value)
        found = [item for item in found if item.value == wanted and type(item.value) is type(wanted)]
    text = settings_json if args.format == "json" else settings_text
    _options.write(args, text(args.service, pointer, found, _options.style(args)))
    return ExitCode.CLEAN
