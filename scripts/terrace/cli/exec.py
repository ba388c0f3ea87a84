"""Run a command with a target's configuration and secrets in its environment

The variables are named as the contract names them, as in `terrace show --format dotenv`; variables that are there
already are replaced. Secrets are opened and references resolved first, each with a record in the audit log. The command
takes the place of this process:

    terrace exec --service backend --env staging -- python -m backend

That reads the repository. With --source (or TERRACE_SOURCE) it reads what was deployed, as an application of its own
would: a destination, a service's folder in it, or a bundle. Then it can follow: --on-change restart starts the command
anew at each release, --on-change HUP (or another signal) tells it, and --write FILE keeps a .json, .env, .yaml or
.properties file up to date for it. Such a file stands in memory, as below /dev/shm, and goes when the command ends:

    terrace exec --source /srv/live --service web --write /dev/shm/web.json --on-change HUP -- ./web /dev/shm/web.json
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terrace.cli import _options
from terrace.errors import TerraceError, UsageError

if TYPE_CHECKING:
    from terrace.runtime.program import Given
    from terrace.runtime.revision import Revision
    from terrace.runtime.values import Values

_FORMS = {".json": "json", ".env": "dotenv", ".properties": "properties", ".yaml": "yaml", ".yml": "yaml"}


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("command", metavar="COMMAND", nargs="+", help="behind --: a program and its arguments")
    parser.add_argument("--service", metavar="SERVICE", help="default: the only one there is")
    parser.add_argument("--env", metavar="ENV", help="default: TERRACE_ENV, or a marker of the platform")
    parser.add_argument("--tenant", metavar="TENANT")
    parser.add_argument("--reason", metavar="WHY", default="", help="why, for the audit log")
    parser.add_argument("--source", metavar="DIR", default="", help="read what was deployed there, not the repository")
    parser.add_argument("--write", metavar="FILE", action="append", default=[], help="with --source: a file for it")
    parser.add_argument("--on-change", metavar="WHAT", default="", help="with --source: restart, or a signal as HUP")


def run(args: Namespace) -> int:
    """Open, resolve, become the command or stay with it."""
    if args.source or os.environ.get("TERRACE_SOURCE"):
        return _from_source(args)
    if args.write or args.on_change:
        raise UsageError("--write and --on-change are for what was deployed", hint="Say where: --source DIR.")
    return _from_repository(args)


def _from_repository(args: Namespace) -> int:
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
    return _become(args.command, {"TERRACE_ENV": environment, **variables(where.contracts[0], values)})


def _from_source(args: Namespace) -> int:
    from terrace.runtime.program import Program
    from terrace.runtime.values import watch_values

    notify = _signal(args.on_change)
    files = [Path(name).absolute() for name in args.write]
    for file in files:
        if file.suffix not in _FORMS:
            raise UsageError(f"--write: {file.name} has no form that is known", hint=f"Forms: {', '.join(_FORMS)}.")
    handle = watch_values(
        follow=bool(args.on_change), service=args.service or "", environment=args.env or "", tenant=args.tenant,
        source=args.source, reason=args.reason or f"terrace exec -- {args.command[0]}", live_only=notify is not None,
    )  # fmt: skip
    with handle:

        def render(revision: Revision[Values]) -> Given:
            return _given(revision, files)

        if not args.on_change and not files:
            return _become(args.command, render(handle.revision).variables)
        return Program(handle, args.command, render, notify=notify, follows=bool(args.on_change)).run()


def _given(revision: Revision[Values], files: list[Path]) -> Given:
    import json

    from terrace.model.layers import leaves
    from terrace.model.service import Contract
    from terrace.report.config import flat, variables
    from terrace.runtime.program import Given
    from terrace.yamlio import render as yaml_text

    contract = Contract(revision.service, revision.bundle.schema)
    values = revision.config.root

    def text(form: str) -> str:
        if form in ("json", "yaml"):
            return (
                json.dumps(values, indent=2, ensure_ascii=False) + "\n" if form == "json" else yaml_text(values, None)
            )
        return flat(leaves(values), contract, form)

    said = {"TERRACE_ENV": revision.environment, **variables(contract, values)}
    return Given(said, {file: text(_FORMS[file.suffix]) for file in files})


def _become(command: list[str], said: Mapping[str, str]) -> int:
    sys.stdout.flush()
    environ: dict[str, Any] = {**os.environ, **said}
    try:
        os.execvpe(command[0], command, environ)
    except OSError as error:
        raise TerraceError(f"cannot run {command[0]}: {error.strerror}") from None
    except ValueError:
        raise TerraceError("a value holds a NUL character, which no variable can") from None


def _signal(said: str) -> int | None:
    """The number of the signal that was named; None for a restart, or for nothing at all."""
    import signal

    if said in ("", "restart"):
        return None
    name = said.upper().removeprefix("SIG")
    found = getattr(signal, f"SIG{name}", None)
    if not isinstance(found, signal.Signals) or found in (signal.SIGKILL, signal.SIGSTOP):
        raise UsageError(f"--on-change: {said!r} is neither restart nor a signal", hint="As HUP, USR1 or USR2.")
    return int(found)


def _only_service(args: Namespace) -> str:
    from terrace.views import contracts_of

    names = list(contracts_of(_options.folder_of(args)))
    if len(names) != 1:
        raise UsageError("say which service: --service NAME", hint=f"There are: {', '.join(names) or 'none'}.")
    return names[0]
