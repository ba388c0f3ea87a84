"""Say what is installed, what is missing, and what that costs you.

Exit code 1 means something that Terrace needs is missing; what is only optional does not count. With --format json:
`version`, and `checks`, each with its `name`, `ok`, what was `found`, what it `costs` to be without, and `needed`.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Look at the machine and the repository, and print a line for each thing."""
    from terrace.doctor import examine
    from terrace.report.health import health_json, health_text

    checks = examine(args.repo)
    text = health_json(checks) if args.format == "json" else health_text(checks, _options.style(args))
    _options.write(args, text)
    sys.stdout.flush()
    return ExitCode.FINDINGS if any(check.needed and not check.ok for check in checks) else ExitCode.CLEAN
