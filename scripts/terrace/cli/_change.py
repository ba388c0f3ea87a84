"""What `set` and `unset` have in common: the options, and from edit to file or branch."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.errors import ExitCode, RefusedError

if TYPE_CHECKING:
    from terrace.change import Change


def configure(parser: ArgumentParser, *, value: bool) -> None:
    """Add the options; VALUE where there is one."""
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument("path", metavar="PATH", help="a key, as database.pool_size")
    if value:
        parser.add_argument("value", metavar="VALUE", help="as in YAML: 40, true, text, [a, b], {a: 1}")
    parser.add_argument("--env", metavar="ENV", help="the environment whose file changes; base: all of them")
    parser.add_argument("--tenant", metavar="TENANT")
    parser.add_argument("--group", metavar="GROUP")
    parser.add_argument("--branch", metavar="NAME", help="commit to a new branch; the work tree stays as it is")
    parser.add_argument("--dry-run", action="store_true", help="only say what would become of it")


def run(args: Namespace) -> int:
    """Work the edit out, say what it does, and make it unless it brings an error."""
    from terrace.change import UNSET, Place, change
    from terrace.model.source import parse_path
    from terrace.report.changed import change_text

    folder = _options.folder_of(args)
    pointer = parse_path(args.path)
    value = _options.value(args.value) if hasattr(args, "value") else UNSET
    place = Place(args.env, args.tenant, args.group)
    found = change(folder, args.service, pointer, value, place, at="HEAD" if args.branch else None)
    sys.stdout.write(change_text(found, pointer, _options.style(args)))
    sys.stdout.flush()  # what would change comes before why it does not, in a file too
    if found.refused:
        errors = [f"{each.code} {each.location}: {each.message}. {each.hint}".rstrip(". ") for each in found.findings]
        raise RefusedError("the edit is not made: it brings\n    " + "\n    ".join(errors))
    if args.dry_run:
        return ExitCode.CLEAN
    _make(folder, found, args)
    return ExitCode.CLEAN


def _make(folder: Path, found: Change, args: Namespace) -> None:
    if args.branch:
        from terrace.git import find

        git = find(folder)
        if git is None:
            raise RefusedError(
                f"{folder} is not in a Git repository, so there is no branch", hint="Leave out --branch."
            )
        message = f"{'Set' if hasattr(args, 'value') else 'Unset'} {args.path} of {args.service} in {found.path}\n"
        path = f"{git.prefix}/{found.path}" if git.prefix else found.path
        commit = git.commit_files(args.branch, {path: found.after}, message, base="HEAD")
        sys.stdout.write(f"committed {commit.oid[:12]} to branch {args.branch}\n")
    else:
        from terrace import edit

        edit.write(folder, {found.path: found.after})
        sys.stdout.write(f"wrote {found.path}\n")
