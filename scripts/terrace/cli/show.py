"""Print an effective config: what a target gets after every layer.

Secrets are sealed, and stand as ********. With --reveal they are opened, and references to secret managers resolved, on
a terminal or with --yes; each opening is put into the audit log. The result of `--format json` and `dotenv` can be read
by programs.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode, RefusedError, UsageError

FORMATS = ("yaml", "json", "dotenv", "properties")


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _options.add_target(parser)
    parser.add_argument("--provenance", action="store_true", help="say behind each value where it comes from")
    parser.add_argument("--reveal", action="store_true", help="open secrets and resolve references; audited")
    parser.add_argument("--yes", action="store_true", help="--reveal even where the result goes to no terminal")
    parser.add_argument("--reason", metavar="WHY", default="", help="why --reveal, for the audit log")
    _options.add_at(parser)
    _options.add_format(parser, FORMATS, default="yaml")


def run(args: Namespace) -> int:
    """Merge, render, print."""
    from terrace.report.config import render_config

    if args.reveal:
        _refuse(args)
    view = _options.view_of(args)
    config, sealed = view.config, view.sealed
    if args.reveal:
        from terrace.model.layers import EffectiveConfig

        config = EffectiveConfig(config.target, config.layers, _revealed(args, view.environment.name), config.beneath)
        if not args.provenance:
            sealed = {}
    text = render_config(config, view.contract, sealed, args.format, args.provenance, args.reveal)
    _options.write(args, text, private=args.reveal)
    return ExitCode.CLEAN


def _refuse(args: Namespace) -> None:
    if args.at:
        raise UsageError("--reveal opens what is in the work tree; leave --at out")
    if not args.yes and (args.output or not sys.stdout.isatty()):
        hint = "Say --yes if the secrets shall go there."
        raise RefusedError("the result goes to no terminal: a pipe or a file would get the secrets", hint=hint)


def _revealed(args: Namespace, environment: str) -> dict[str, object]:
    from terrace.secrets.effective import in_the_open, revealed
    from terrace.secrets.opening import Opener
    from terrace.secrets.place import place

    folder = _options.folder_of(args)
    opener = Opener(folder, "terrace show --reveal", args.reason, os.environ)
    values = in_the_open(revealed(place(folder, args.service, environment, args.tenant), opener, os.environ))
    for problem in opener.problems:
        sys.stderr.write(f"terrace: {problem}\n")
    return values  # type: ignore[no-any-return]  # what goes in as a map comes out as one
