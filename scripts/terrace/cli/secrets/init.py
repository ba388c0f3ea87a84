"""Make an age key for a person, a workload or recovery, and let it in

The private key comes to stand at the end of the file in which SOPS looks for keys (~/.config/sops/age/keys.txt;
another one with --key-file), where only you can read it, and never in a repository. The public key is entered in
recipients.yaml and named in the environment.yaml of each --env, and .sops.yaml is made anew.

--like OTHER lets it in wherever OTHER is, in place of --kind, --env and --owner: for somebody with a new key.

Secrets files that are there already are not changed: somebody whose key opens them runs
`terrace secrets recipients sync`.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.cli.secrets import _given, _register
from terrace.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from datetime import date

    from terrace.model.recipients import Recipient
    from terrace.secrets.register import Whole


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", metavar="NAME", help="its name in the register, as anna-laptop or production")
    _register.add_recipient(parser)
    parser.add_argument("--like", metavar="OTHER", default="", help="of the kind, owner and places of another one")
    parser.add_argument("--key-file", metavar="FILE", help="where the private key goes; made if it is not there")


def run(args: Namespace) -> int:
    """Make the key, then let it in: nothing in the register is without its private key."""
    from terrace.secrets import keyfile, register

    folder = _options.folder_of(args)
    file = Path(args.key_file).absolute() if args.key_file else keyfile.default_file(os.environ)
    now = _given.now()
    found = _register.sound(folder)
    new = _recipient(args, found, now.date())
    register.entered(found, new, like=args.like)  # whatever is wrong with it is told before there is a key
    public = keyfile.make(file, folder, args.name, now)
    texts = register.entered(found, new._replace(key=public), like=args.like)
    _register.write(folder, texts)
    sys.stdout.write(f"public key:  {public}\nprivate key: {file} (keep it; it never enters Git)\n")
    if new.is_recovery:
        sys.stdout.write("Move it offline, into a safe: it opens every secrets file.\n")
    files = len(_register.wrong(folder))
    if files:
        sys.stdout.write(f"{files} secrets files are not encrypted for it yet: terrace secrets recipients sync\n")
    return ExitCode.CLEAN


def _recipient(args: Namespace, found: Whole, today: date) -> Recipient:
    """Who is to be entered, with a sample for a key."""
    from terrace.model.closest import named
    from terrace.secrets import register

    if not args.like:
        return register.recipient(args.name, args.kind, register.SAMPLE, args.owner, args.env, today)
    if args.env or args.owner or args.kind != "person":
        raise UsageError("--like says of which kind, whose and where", hint="Leave --kind, --env and --owner out.")
    other = named(args.like, found.repository.register.recipients, "recipient")
    return register.recipient(args.name, other.kind, register.SAMPLE, other.owner, other.environments, today)
