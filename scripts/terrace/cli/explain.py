"""Say why a value is what it is: the winner and all it shadowed.

PATH is a key (database.pool_size), a section, or left out for everything. Each value is shown with the layer that
won, every layer it shadowed with file, line and column, the schema's default, and the environment variable. A secret
is a mask, with the secrets file in which it is sealed.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _options.add_target(parser, path="?")
    _options.add_at(parser)
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Find the leaves and tell their stories."""
    from terrace.explain import explain
    from terrace.model.source import parse_path
    from terrace.report.explained import explained_json, explained_text

    view = _options.view_of(args)
    found = explain(view.config, view.contract, parse_path(args.path or ""), view.sealed)
    if args.format == "json":
        _options.write(args, explained_json(view.config.target, found))
    else:
        everything = not args.path
        _options.write(
            args, explained_text(view.config.target, found, view.environment, _options.style(args), everything)
        )
    return ExitCode.CLEAN
