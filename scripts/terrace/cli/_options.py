"""Options that mean the same in every command."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.errors import SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from terrace.report.style import Style


def add_format(parser: ArgumentParser, formats: Iterable[str], default: str = "text") -> None:
    """`--format` and `--output`."""
    parser.add_argument("--format", choices=list(formats), default=default, help=f"default: {default}")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the result there instead of standard output")


def add_at(parser: ArgumentParser) -> None:
    """`--at REV`."""
    parser.add_argument("--at", metavar="REV", help="read a Git revision or a date (2026-11-01), not the work tree")


def folder_of(args: Namespace) -> Path:
    """The repository's folder: the one that was named, else the nearest upwards that holds `environments/`."""
    if args.repo:
        folder = Path(args.repo)
        if not folder.is_dir():
            raise SourceError(f"{args.repo} is not a folder")
        return folder
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "environments").is_dir():
            return folder
    raise SourceError(
        f"no repository here: neither {here} nor a folder above it holds environments/",
        hint="Go to a repository, name one with -C DIR, or start one: terrace init DIR",
    )


def write(args: Namespace, text: str) -> None:
    """The result of a command, to standard output or the file that was asked for."""
    if getattr(args, "output", None):
        try:
            Path(args.output).write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write {args.output}: {error.strerror}") from error
    else:
        sys.stdout.write(text)


def style(args: Namespace) -> Style:
    """How the result should look: for the terminal, or plain for a file."""
    from terrace.report.style import PLAIN, style_for

    return PLAIN if getattr(args, "output", None) else style_for(sys.stdout, os.environ)


def paths_in(folder: Path, files: Sequence[str]) -> tuple[str, ...]:
    """Files named on the command line, as paths in the repository. One outside of it is wrong use."""
    paths = []
    top = os.path.abspath(folder)
    for file in files:
        path = os.path.relpath(os.path.abspath(file), top)
        if path.startswith(".."):
            raise UsageError(f"{file} is not in the repository {folder}")
        paths.append(path.replace(os.sep, "/"))
    return tuple(paths)
