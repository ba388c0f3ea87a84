"""Run a command with a target's configuration and secrets in its environment

The variables are named as the contract names them, as in `terrace show --format dotenv`; variables that are there
already are replaced. Secrets are opened and references resolved first, each with a record in the audit log. The command
takes the place of this process:

    terrace exec --service backend --env staging -- python -m backend
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import TerraceError, UsageError


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("command", metavar="COMMAND", nargs="+", help="behind --: a program and its arguments")
    parser.add_argument("--service", metavar="SERVICE", help="default: the only one there is")
    parser.add_argument("--env", metavar="ENV", help="default: TERRACE_ENV, or a marker of the platform")
    parser.add_argument("--tenant", metavar="TENANT")
    parser.add_argument("--reason", metavar="WHY", default="", help="why, for the audit log")


def run(args: Namespace) -> int:
    """Open, resolve, become the command."""
    from terrace.report.config import variables
    from terrace.secrets.effective import in_the_open, revealed
    from terrace.secrets.opening import Opener
    from terrace.secrets.place import place

    folder = _options.folder_of(args)
    args.at = None
    environment = _options.environment(args, folder)
    where = place(folder, args.service or _only_service(args), environment, args.tenant)
    opener = Opener(folder, f"terrace exec -- {args.command[0]}", args.reason, os.environ)
    values = in_the_open(revealed(where, opener, os.environ))
    for problem in opener.problems:
        sys.stderr.write(f"terrace: {problem}\n")
    environ = {**os.environ, "TERRACE_ENV": environment, **variables(where.contracts[0], values)}
    sys.stdout.flush()
    try:
        os.execvpe(args.command[0], args.command, environ)
    except OSError as error:
        raise TerraceError(f"cannot run {args.command[0]}: {error.strerror}") from None
    except ValueError:
        raise TerraceError("a value holds a NUL character, which no variable can") from None


def _only_service(args: Namespace) -> str:
    from terrace.views import contracts_of

    names = list(contracts_of(_options.folder_of(args)))
    if len(names) != 1:
        raise UsageError("say which service: --service NAME", hint=f"There are: {', '.join(names) or 'none'}.")
    return names[0]
