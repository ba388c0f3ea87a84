"""Let somebody in, take somebody out, or encrypt every file for the right ones

  add NAME      enter a public key (--key) in the register, name it in each --env, then sync
  remove NAME   retire it in the register, take it out of environments and tenants, then sync
  sync          make .sops.yaml anew, and encrypt each secrets file for exactly those whom the register asks for

A file that loses somebody gets a new data key, and the secrets in it are due from that day on, for whoever had the key
may still know them: `terrace secrets rotate --due` renews them. Changing a file needs a key that opens it; what no key
at hand opens is named, and the exit code is 3. A run that was interrupted is finished by the same command.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.cli.secrets import _given, _register
from terrace.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from terrace.secrets.sync import Sealed


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=["add", "remove", "sync"])
    parser.add_argument("name", metavar="NAME", nargs="?", default="")
    _register.add_recipient(parser)
    parser.add_argument("--key", default="", metavar="KEY", help="the public key: age1... or ssh-...")
    parser.add_argument("--dry-run", action="store_true", help="only say which files would change")
    _given.add_reason(parser)


def run(args: Namespace) -> int:
    """Change the register, then the files."""
    if (args.action == "sync") == bool(args.name):
        raise UsageError(f"{args.action} {'needs no name' if args.name else 'needs the name of a recipient'}")
    if args.action == "add" and not args.key:
        raise UsageError("say which key: --key age1...", hint="To make a new one: terrace secrets init")
    folder = _options.folder_of(args)
    texts = _texts(args, folder)
    if args.dry_run:
        return _told(folder, texts)
    due = _readable(folder, args.name) if args.action == "remove" else []
    _register.write(folder, texts)
    files = _register.wrong(folder)
    if not texts and not files:
        sys.stdout.write("There is nothing to do: register and files are as they should be.\n")
        return ExitCode.CLEAN
    code = _register.sync(folder, files, _register.opener_of(args, f"secrets recipients {args.action}"))
    if due:
        sys.stdout.write(f"{args.name} could read these secrets, so they are due now:\n")
        sys.stdout.writelines(f"  {line}\n" for line in due)
        sys.stdout.write("To renew them: terrace secrets rotate --due\n")
    return code


def _texts(args: Namespace, folder: Path) -> dict[str, str | None]:
    from terrace.secrets import register

    found = _register.sound(folder)
    today = _given.now().date()
    if args.action == "add":
        return register.entered(found, register.recipient(args.name, args.kind, args.key, args.owner, args.env, today))
    return register.retired(found, args.name, today) if args.action == "remove" else register.rules(found, {})


def _told(folder: Path, texts: dict[str, str | None]) -> int:
    from terrace.secrets.register import whole
    from terrace.secrets.sync import sealed_files

    sys.stdout.writelines(f"would write {path}\n" for path in texts)
    files = [file for file in sealed_files(whole(folder, texts)) if not file.is_right]
    sys.stdout.writelines(f"would encrypt {file.document.path}\n" for file in files)
    sys.stdout.writelines(f"would make due {_named(file)}\n" for file in files if file.too_many)
    return ExitCode.CLEAN


def _readable(folder: Path, name: str) -> list[str]:
    """The secrets that somebody can read by what the files say."""
    from terrace.secrets.register import whole
    from terrace.secrets.sync import sealed_files

    found = whole(folder)
    key = found.repository.register.recipients[name].key
    return [_named(file) for file in sealed_files(found) if key in file.keys]


def _named(file: Sealed) -> str:
    from terrace.model.source import dotted

    return f"{file.document.path}: {', '.join(dotted(place) for place in file.places)}"
