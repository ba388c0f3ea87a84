"""Merge two versions of a secrets file; Git calls it in a merge, rebase or cherry-pick

`terrace secrets install-git-drivers` tells Git to. BASE, OURS and THEIRS are Git's temporary copies, all of them
ciphertext, and PATH is the file's name. The values are merged in memory, with a private key of a recipient; OURS then
holds the merged file, with a MAC of its own. Every opening is put into the audit log.

Exit code 1 means a conflict. What both sides changed differently is named, never shown; OURS then holds everything that
could be merged, with our values of what could not, and Git keeps the file as unmerged. `terrace secrets resolve` takes
theirs of some, and `terrace secrets set` sets another value; `git add` says that it is done. Where the sides cannot be
merged at all, OURS stays as it was.

Ledgers, which are clear text, are merged entry by entry; where both sides changed one, the conflict is Git's own, with
its marks in the file.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.errors import ExitCode, TerraceError

if TYPE_CHECKING:
    from terrace.secrets.merging import Merged

_NO_TEXT = 128
"""Git counts conflicts in its exit code, up to 127; from here on it could not merge at all."""


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("base", metavar="BASE", help="Git's %%O")
    parser.add_argument("ours", metavar="OURS", help="Git's %%A: the merged file is written there")
    parser.add_argument("theirs", metavar="THEIRS", help="Git's %%B")
    parser.add_argument("path", metavar="PATH", help="Git's %%P")


def run(args: Namespace) -> int:
    """Merge, write, and say what conflicts."""
    from terrace.cli.secrets import _sides
    from terrace.model.sealed_files import is_ledger
    from terrace.secrets.driver import conflict, refusal

    if is_ledger(args.path):
        return _ledger(args)
    names = _sides.names(args.path)
    try:
        merged = _merged(args)
    except (TerraceError, UnicodeDecodeError) as error:
        # Whatever it is, this file is to be merged by somebody else, and the rest of the merge goes on.
        _sides.complain(refusal(args.path, error, Path(args.ours), Path(args.theirs), names))
        return ExitCode.FINDINGS
    _sides.warn_of_people(merged, names)
    _sides.complain(conflict(args.path, merged.clashes))
    return ExitCode.FINDINGS if merged.clashes else ExitCode.CLEAN


def _merged(args: Namespace) -> Merged:
    from datetime import UTC, datetime

    from terrace.cli.secrets._sides import known, opener, replace
    from terrace.secrets.merging import merge

    base, ours, theirs = (Path(file).read_bytes().decode("utf-8") for file in (args.base, args.ours, args.theirs))
    open_ = opener(args.path, "secrets merge-driver")
    merged = merge(base, ours, theirs, open_, datetime.now(UTC), known=known(args.path))
    if merged.text != ours:
        replace(Path(args.ours), merged.text.encode("utf-8"))
    return merged


def _ledger(args: Namespace) -> int:
    from terrace.cli.secrets._sides import complain, replace
    from terrace.git import process
    from terrace.secrets.ledger_merging import merge

    files = (args.ours, args.base, args.theirs)
    by_lines = process.attempt(Path.cwd(), "merge-file", "-p", *("-L", "ours", "-L", "base", "-L", "theirs"), *files)
    try:
        ours, base, theirs = (Path(file).read_bytes().decode("utf-8") for file in files)
        merged = merge(base, ours, theirs, None if by_lines.code else by_lines.out.decode("utf-8"))
    except (TerraceError, UnicodeDecodeError) as error:
        message, hint = (error.message, error.hint) if isinstance(error, TerraceError) else ("it is not UTF-8", "")
        complain([f"terrace: {args.path} is not merged: {message}", *([f"  {hint}"] if hint else [])])
        if by_lines.code < _NO_TEXT:
            replace(Path(args.ours), by_lines.out)
        return ExitCode.FINDINGS
    replace(Path(args.ours), merged.encode("utf-8"))
    return ExitCode.CLEAN
