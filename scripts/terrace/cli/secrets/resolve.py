"""Settle a conflict in a secrets file: take ours of some secrets, and theirs of others

For a file that Git keeps as unmerged. Each conflict must be settled: `--theirs cache.token --ours database.password`;
a name stands for everything below it, and `--theirs` or `--ours` without a name for all that is not named. The file in
the work tree is merged anew from Git's three versions and replaced; `git add` says that it is done. In a rebase, ours
is the branch that you rebase onto, as everywhere in Git.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.errors import ExitCode, RefusedError

if TYPE_CHECKING:
    from terrace.git import Git
    from terrace.secrets.merging import Merged
    from terrace.secrets.threeway import Choices


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", metavar="FILE")
    for side in ("ours", "theirs"):
        text = f"take {side} of these; of all, without a name"
        parser.add_argument(f"--{side}", metavar="NAME", nargs="?", const="", default=[], action="append", help=text)


def run(args: Namespace) -> int:
    """Merge the versions that Git keeps, and replace the file."""
    from terrace.cli.secrets import _sides
    from terrace.git import find
    from terrace.secrets.driver import unsettled

    file = Path(args.file)
    git = find(file.parent)
    if git is None:
        raise RefusedError(f"{file} is not in a Git repository")
    path = f"{git.prefix}/{file.name}" if git.prefix else file.name
    merged = _merged(git, path, _choices(args), _sides.known(args.file))
    _sides.warn_of_people(merged, _sides.names(args.file))
    if left := [clash for clash in merged.clashes if clash.pointer]:
        raise RefusedError(unsettled(path, left), hint="Settle all of them at once: --ours NAME, --theirs NAME")
    _sides.replace(file, merged.text.encode("utf-8"))
    _sides.complain([f"terrace: {path}: check the {clash.why}: only one side's are kept" for clash in merged.clashes])
    sys.stdout.write(f"merged {path}; now: git add {args.file}\n")
    return ExitCode.CLEAN


def _choices(args: Namespace) -> Choices:
    from terrace.model.source import parse_path

    ours: Choices = {parse_path(name) if name else (): "ours" for name in args.ours}
    theirs: Choices = {parse_path(name) if name else (): "theirs" for name in args.theirs}
    if both := ours.keys() & theirs.keys():
        from terrace.model.source import dotted

        raise RefusedError(f"both sides are chosen for {dotted(min(both, key=str)) or 'everything'}")
    return {**ours, **theirs}


def _merged(git: Git, path: str, choices: Choices, known: frozenset[str] | None) -> Merged:
    from datetime import UTC, datetime

    from terrace.cli.secrets._sides import opener
    from terrace.secrets.merging import merge

    base, ours, theirs = (_stage(git, number, path) for number in (1, 2, 3))
    if ours is None or theirs is None:
        hint = "Where one side removed the file, it is kept by `git add`, and removed by `git rm`."
        raise RefusedError(f"Git does not keep {path} as merged from two sides", hint=hint)
    open_ = opener(path, "secrets resolve")
    return merge(base or "", ours, theirs, open_, datetime.now(UTC), choices=choices, known=known)


def _stage(git: Git, number: int, path: str) -> str | None:
    """One of Git's versions of an unmerged file: what both had, ours, theirs."""
    answer = git.attempt("show", "--no-textconv", f":{number}:{path}")
    return answer.out.decode("utf-8") if answer.code == 0 else None
