"""What the commands that change a flag have in common: the options, and from edit to commit or pull request."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.errors import ExitCode, GitError, RefusedError, TerraceError, UsageError

if TYPE_CHECKING:
    from terrace.git import Git
    from terrace.toggle import Action, Made, Proposed, Toggle


def configure(parser: ArgumentParser, *, environment: bool = True, direct: bool = True) -> None:
    """Add the options; `--env` where it acts in one environment, `--direct` where there may be a pull request."""
    parser.add_argument("flag", metavar="KEY")
    if environment:
        parser.add_argument("--env", metavar="ENV", required=True)
    parser.add_argument("--reason", metavar="WHY", default="", help="why: it stands in the commit")
    parser.add_argument("--branch", metavar="NAME", default="", help="not the branch that is checked out, but this one")
    if direct:
        how = "commit even if a pull request would do; refused in protected environments"
        parser.add_argument("--direct", action="store_true", help=how)
    parser.add_argument("--dry-run", action="store_true", help="only say what would become of it")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: Namespace, action: Action) -> int:
    """Work the edit out, say what it does, and make it unless it brings an error."""
    from terrace.git import find
    from terrace.report.toggled import toggle_text
    from terrace.toggle import refuse, toggle

    folder = _options.folder_of(args)
    git = find(folder)
    at = _at(git, args)
    try:
        found = toggle(folder, action, at=at)
    except UsageError as error:
        raise _with_dirt(error, git, args) from error
    text = args.format == "text"
    if text and found.changes:
        sys.stdout.write(toggle_text(found, _options.style(args)))
        sys.stdout.flush()  # what would change comes before why it does not, in a file too
    _warn(found)
    refuse(found)
    if found.protected and getattr(args, "direct", False):
        raise RefusedError(
            f"{action.environment or 'a protected environment'} is protected: nothing is committed to it directly",
            hint="Leave --direct out: a branch is made. What cannot wait: terrace flags kill",
        )
    if args.dry_run or not found.changes:
        if text and not found.changes:
            sys.stdout.write(f"nothing to do: {_standing(found)}\n")
        return _told(args, found)
    if text and not args.yes and not _agreed(found):
        return ExitCode.FINDINGS
    if git is None:
        return _write(args, folder, found)
    if found.protected:
        return _propose(args, folder, found)
    return _commit(args, folder, git, found)


def _at(git: Git | None, args: Namespace) -> str | None:
    """The commit that is to be changed; None outside of Git."""
    if git is None:
        if args.branch:
            raise RefusedError("this is not in a Git repository, so there is no branch", hint="Leave out --branch.")
        return None
    from terrace.git.advance import tip

    return tip(git, args.branch, elsewhere=True).commit


def _with_dirt(error: UsageError, git: Git | None, args: Namespace) -> UsageError:
    """The error, with a hint where what is missing may be there, but is not committed."""
    if git is not None and not args.branch and git.dirty(git.prefix, ("flags",)):
        return UsageError(error.message, hint=f"{error.hint} flags/ has changes that are not committed.".strip())
    return error


def _warn(found: Toggle) -> None:
    from terrace.model.findings import Severity
    from terrace.report.cells import wrap

    for finding in found.findings:
        if finding.severity is not Severity.ERROR:
            said = wrap(f"terrace: {finding.severity.word}: {finding.code} {finding.message}", 80, indent=2)
            sys.stderr.write("".join(f"{line}\n" for line in said))
    for finding in found.blocking:
        what = f"the flags of {found.action.environment} are not released, nor is this edit, until that is mended:"
        text = f"{what} {finding.code} {finding.location}: {finding.message}"
        said = wrap(f"terrace: warning: {text}", 80, indent=2)
        sys.stderr.write("".join(f"{line}\n" for line in said))


def _standing(found: Toggle) -> str:
    action = found.action
    for each in found.outcomes:
        if each.environment == action.environment:
            return f"{action.flag} in {each.environment} is {each.after}"
    return f"{action.flag} is as it should be"


def _agreed(found: Toggle) -> bool:
    """Whether the person at the terminal wants it; without a terminal nobody is asked."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return True
    what = "Put it up for review" if found.protected else "Commit it"
    sys.stdout.write(f"{what}? [y/N] ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    sys.stdout.write("nothing was done\n")
    return False


def _write(args: Namespace, folder: Path, found: Toggle) -> int:
    from terrace import edit

    edit.write(folder, found.files)
    if args.format == "text":
        sys.stdout.write(f"wrote {found.path}; there is no Git repository to commit it to\n")
    return _told(args, found)


def _commit(args: Namespace, folder: Path, git: Git, found: Toggle) -> int:
    from terrace.git.push import push, remote_of, upstream_of
    from terrace.toggle import commit

    made = commit(folder, found, found.action.message(args.reason), branch=args.branch, base=found.commit)
    remote = remote_of(git, made.branch)
    if args.format == "text":
        done = "committed" if made.changed else "somebody has done it already: it is"
        sys.stdout.write(f"{done} {made.commit.oid[:12]} on {made.branch}\n")
        sys.stdout.flush()
    if found.action.verb != "kill" or not remote or not made.changed:
        if args.format == "text" and remote and made.changed:
            sys.stdout.write("not pushed: git push\n")
        return _told(args, found, made=made)
    try:
        push(git, remote, made.branch, upstream_of(git, made.branch))
    except GitError as problem:
        told = TerraceError(
            f"the kill is committed here, and not pushed: {problem.message}. A server that follows this repository has "
            "it already; one that follows the remote has not",
            hint=problem.hint,
        )
        _told(args, found, made=made, problem=told.message)
        raise told from problem
    if args.format == "text":
        sys.stdout.write(f"pushed to {remote}\n")
    return _told(args, found, made=made, pushed=remote)


def _propose(args: Namespace, folder: Path, found: Toggle) -> int:
    from terrace.toggle import propose

    message = found.action.message(args.reason)
    proposed = propose(folder, found, message, os.environ, onto=args.branch)
    where = found.action.environment or "a protected environment"
    if args.format == "text":
        sys.stdout.write(f"{where} is protected, so it goes by review\n")
        sys.stdout.write(f"committed {proposed.commit.oid[:12]} on the new branch {proposed.branch}\n")
        sys.stdout.write(f"pushed to {proposed.remote}\n" if proposed.remote else "")
        sys.stdout.write(f"pull request: {proposed.url}\n" if proposed.url else "")
        if proposed.remote and not proposed.url and not proposed.problem:
            sys.stdout.write("no forge is configured: open the pull request by hand\n")
        sys.stdout.flush()
    problem = proposed.problem.message if proposed.problem else ""
    _told(args, found, proposed=proposed, pushed=proposed.remote, problem=problem)
    if proposed.problem:
        raise proposed.problem
    return ExitCode.CLEAN


def _told(
    args: Namespace,
    found: Toggle,
    *,
    made: Made | None = None,
    proposed: Proposed | None = None,
    pushed: str = "",
    problem: str = "",
) -> int:
    """All of it as JSON, where that was asked for."""
    if args.format == "json":
        import json

        from terrace.report.toggled import toggled_json

        told = toggled_json(found, made, proposed, pushed, problem)
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return ExitCode.CLEAN
