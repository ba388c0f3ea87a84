"""Compare two effective configs, side by side.

Name two environments (`--env staging --env production`), or two tenants in one environment (`--tenant acme --tenant
fjord`). A target without a tenant is compared with `--tenant -`. Exit code 0, or 1 with --exit-code if they differ.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode, UsageError


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument("--env", action="append", default=[], metavar="ENV", help="once or twice")
    parser.add_argument("--tenant", action="append", default=[], metavar="TENANT", help="up to twice; - for none")
    parser.add_argument("--exit-code", action="store_true", help="exit with 1 if they differ")
    _options.add_at(parser)
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Compute both sides and show where they differ."""
    from terrace.explain import difference
    from terrace.report.difference import difference_json, difference_text
    from terrace.views import view

    folder = _options.folder_of(args)
    if len(args.env) > 2 or len(args.tenant) > 2 or (len(args.env) < 2 and len(args.tenant) < 2):
        raise UsageError("name two sides: --env A --env B, or --tenant A --tenant B with one --env")
    environments = args.env or [_options.environment(args, folder)]
    tenants = [None if tenant == "-" else tenant for tenant in args.tenant] or [None]
    left = view(folder, args.service, environments[0], tenants[0], at=args.at)
    right = view(folder, args.service, environments[-1], tenants[-1], at=args.at)
    changes = difference(left.config, right.config)
    sides = (left.config, right.config)
    text = difference_json if args.format == "json" else difference_text
    _options.write(args, text(sides, changes, _options.style(args)))
    return ExitCode.FINDINGS if changes and args.exit_code else ExitCode.CLEAN
