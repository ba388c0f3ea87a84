"""A new branch with one commit that changes some files, made without touching the work tree or the index."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.errors import GitError
from terrace.git import process

if TYPE_CHECKING:
    from terrace.git.repository import Commit, Git

FILE = "100644"


def commit_files(git: Git, branch: str, files: Mapping[str, str | None], message: str, base: str) -> Commit:
    """The commit on `branch`: `base`, with each of `files` (paths from the root) as given, or removed where None."""
    _refuse_branch(git, branch)
    oid = written(git, files, message, base)
    # `create` refuses, in one step with the writing, a branch that has come to be in the meantime.
    made = git.attempt("update-ref", "--stdin", stdin=f"create refs/heads/{branch} {oid}\n".encode())
    if made.code:
        raise process.refused(made.complaint)
    return git.resolve(oid)


def written(git: Git, files: Mapping[str, str | None], message: str, base: str) -> str:
    """The id of a commit on `base` that changes exactly `files`. No branch has it yet."""
    with tempfile.TemporaryDirectory(prefix="terrace-") as scratch:
        index = {"GIT_INDEX_FILE": str(Path(scratch, "index"))}
        git.run("read-tree", f"{base}^{{tree}}", environment=index)
        git.run(
            "update-index", "-z", "--index-info", environment=index, stdin=_changes(git, files, base, Path(scratch))
        )
        tree = git.run("write-tree", environment=index).decode().strip()
    return _commit(git, tree, message, base)


def _refuse_branch(git: Git, branch: str) -> None:
    if git.attempt("check-ref-format", f"refs/heads/{branch}").code or branch.startswith("-"):
        raise GitError(f"{branch!r} cannot be the name of a branch", hint="Letters, digits, '-', '_', '.' and '/' can.")
    if git.attempt("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}").code == 0:
        raise GitError(f"there is a branch {branch!r} already", hint="Choose another name: it is never overwritten.")


def _changes(git: Git, files: Mapping[str, str | None], base: str, scratch: Path) -> bytes:
    """The changes as `git update-index --index-info` reads them."""
    modes = {leaf.path: leaf.mode for leaf in git.tree(base, below=list(files))}
    for path in files:
        if modes.get(path, FILE)[:2] != FILE[:2]:
            raise GitError(f"{path} is a symbolic link or a submodule in {base[:12]}, not a file")
    written = {path: text for path, text in files.items() if text is not None}
    names = []
    for number, text in enumerate(written.values()):
        name = scratch / str(number)
        name.write_text(text, encoding="utf-8", newline="")
        names.append(f"{name}\n")
    out = git.run("hash-object", "-w", "--no-filters", "--stdin-paths", stdin="".join(names).encode())
    oids = dict(zip(written, out.decode().split(), strict=True))
    removed = "0" * len(base)
    lines = [
        f"{modes.get(path, FILE)} {oids[path]}\t{path}\0" if path in oids else f"0 {removed}\t{path}\0"
        for path in files
    ]
    return "".join(lines).encode("utf-8", "surrogateescape")


def _commit(git: Git, tree: str, message: str, base: str) -> str:
    signed = ("-S",) if git.attempt("config", "--type=bool", "commit.gpgSign").out == b"true\n" else ()
    if signed:
        _refuse_program(git)
    # Git would make up an identity from the host's name; a commit that goes to review should say who made it.
    made = git.attempt(
        *("-c", "user.useConfigOnly=true", "commit-tree", *signed, "-p", base, "-F", "-", tree), stdin=message.encode()
    )
    if "user.email" in made.complaint or "empty ident" in made.complaint or "no email was given" in made.complaint:
        raise GitError(
            "Git does not know who you are, so it cannot commit",
            hint='Tell it: git config --global user.name "Your Name"; git config --global user.email you@company',
        )
    if made.code:
        raise process.refused(made.complaint)
    return made.out.decode().strip()


def _refuse_program(git: Git) -> None:
    """Refuse to sign with a program that the repository itself names: it would run whatever that is."""
    for scope in ("--local", "--worktree"):
        named = git.attempt(
            "config", scope, "--name-only", "--get-regexp", r"^gpg\.(.*\.)?(program|defaultkeycommand)$"
        )
        if named.out:
            raise GitError(
                f"this repository's own configuration names a program to sign with ({named.out.decode().split()[0]})",
                hint="Move that setting to your own configuration (git config --global), if you trust it.",
            )
