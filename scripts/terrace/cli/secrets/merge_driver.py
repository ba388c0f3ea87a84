"""Merge two versions of a secrets file; Git calls it in a merge, rebase or cherry-pick

`terrace secrets install-git-drivers` tells Git to. BASE, OURS and THEIRS are Git's temporary copies, all of them
ciphertext, and PATH is the file's name. The values are merged in memory, with a private key of a recipient; OURS then
holds the merged file, with a MAC of its own. Every opening is put into the audit log.

Exit code 1 means a conflict. What both sides changed differently is named, never shown; OURS then holds everything that
could be merged, with our values of what could not, and Git keeps the file as unmerged. `terrace secrets resolve` takes
theirs of some, and `terrace secrets set` sets another value; `git add` says that it is done. Where the sides cannot be
merged at all, OURS stays as it was.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.errors import ExitCode, TerraceError

if TYPE_CHECKING:
    from terrace.secrets.merging import Merged


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("base", metavar="BASE", help="Git's %%O")
    parser.add_argument("ours", metavar="OURS", help="Git's %%A: the merged file is written there")
    parser.add_argument("theirs", metavar="THEIRS", help="Git's %%B")
    parser.add_argument("path", metavar="PATH", help="Git's %%P")


def run(args: Namespace) -> int:
    """Merge, write, and say what conflicts."""
    from terrace.cli.secrets import _sides
    from terrace.secrets.driver import conflict, refusal

    names = _sides.names(args.path)
    try:
        merged = _merged(args)
    except (TerraceError, UnicodeDecodeError) as error:
        # Whatever it is, this file is to be merged by somebody else, and the rest of the merge goes on.
        _sides.complain(refusal(args.path, error, Path(args.ours), Path(args.theirs), names))
        return ExitCode.FINDINGS
    _sides.warn_of_exposed(merged, names)
    _sides.complain(conflict(args.path, merged.clashes))
    return ExitCode.FINDINGS if merged.clashes else ExitCode.CLEAN


def _merged(args: Namespace) -> Merged:
    from datetime import UTC, datetime

    from terrace.cli.secrets._sides import opener, replace
    from terrace.secrets.merging import merge

    base, ours, theirs = (Path(file).read_bytes().decode("utf-8") for file in (args.base, args.ours, args.theirs))
    merged = merge(base, ours, theirs, opener(args.path, "secrets merge-driver"), datetime.now(UTC))
    if merged.text != ours:
        replace(Path(args.ours), merged.text)
    return merged
