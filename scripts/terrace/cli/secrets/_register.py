"""What the commands on recipients have in common: the texts that change, files made right, and what is said of both."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.cli.secrets import _given
from terrace.errors import ExitCode

if TYPE_CHECKING:
    from terrace.secrets.opening import Opener
    from terrace.secrets.register import Whole
    from terrace.secrets.sync import Sealed


def add_recipient(parser: ArgumentParser) -> None:
    """What the register notes of somebody."""
    from terrace.model.recipients import KINDS

    parser.add_argument("--kind", choices=KINDS, default="person", help="default: person")
    parser.add_argument("--env", action="append", default=[], metavar="ENV", help="opens its secrets; several times")
    parser.add_argument("--owner", default="", metavar="WHO", help="who answers for it; default: its own name")


def sound(folder: Path) -> Whole:
    """The repository, if it can be told who is to open what.

    A register or a descriptor that is not understood names nobody: files would be encrypted for fewer than was meant.
    """
    from terrace.errors import RefusedError
    from terrace.secrets.readable import refuse_unread
    from terrace.secrets.register import whole
    from terrace.validate.descriptors import descriptor_schema
    from terrace.validate.places import is_descriptor

    found = whole(folder)
    for files, tenant in ((found.repository.files, None), *((each.files, each) for each in found.tenants)):
        refuse_unread([files], secrets_only=True)
        for path, document in files.documents.items():
            if is_descriptor(path, tenant):
                for problem in descriptor_schema(path.rsplit("/", 1)[-1]).problems(document.value):
                    where = document.at(problem.pointer)
                    raise RefusedError(f"{where}: {problem.message}", hint="`terrace validate` shows everything.")
    return found


def write(folder: Path, texts: Mapping[str, str | None]) -> None:
    """Write the texts, and say so; None removes a file."""
    from terrace import edit

    edit.write(folder, {path: text for path, text in texts.items() if text is not None})
    for path, text in texts.items():
        if text is None:
            (folder / path).unlink(missing_ok=True)
        sys.stdout.write(f"{'removed' if text is None else 'wrote'} {path}\n")


def wrong(folder: Path) -> list[Sealed]:
    """The secrets files that are not encrypted for exactly those whom the register asks for."""
    from terrace.secrets.sync import sealed_files

    return [file for file in sealed_files(sound(folder)) if not file.is_right]


def sync(folder: Path, files: Iterable[Sealed], opener: Opener) -> int:
    """Encrypt the files for the right ones, as far as keys at hand open them, and say what came of each."""
    from terrace.git import find
    from terrace.report.cells import one_line
    from terrace.report.progress import progress
    from terrace.secrets import left
    from terrace.secrets.register import whole
    from terrace.secrets.sync import synced

    todo, now = list(files), _given.now()
    found = whole(folder)
    register = found.repository.register
    readable = left.readable(found, {each.document.path for each in todo if each.too_many}, now.date(), find(folder))
    failed = 0
    for file, problem in progress(synced(folder, todo, readable, opener, now), len(todo), "Encrypting files"):
        path = file.document.path
        if problem:
            failed += 1
            sys.stderr.write(f"terrace: {path} stays as it is: {problem.removeprefix(f'{path}: ')}\n")
            continue
        changes = [f"+{each.name}" for each in file.missing] + [f"-{register.called(key)}" for key in file.too_many]
        sys.stdout.write(f"encrypted {path}: {one_line(', '.join(changes)) or 'each one once'}\n")
    _given.warn(opener)
    if failed:
        sys.stderr.write("  hint: Somebody whose key opens them runs: terrace secrets recipients sync\n")
    return ExitCode.FAILED if failed else ExitCode.CLEAN


def opener_of(args: Namespace, command: str) -> Opener:
    """What opens files for the command, each with a record."""
    from terrace.secrets.opening import Opener

    return Opener(_options.folder_of(args), f"terrace {command}", args.reason, os.environ)
