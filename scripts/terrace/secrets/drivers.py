"""What makes Git ask Terrace to merge and to show secrets files: a line of `.gitattributes`, and settings of a clone.

The line is committed, and names the drivers. What a driver runs is never committed: Git takes that from its own
configuration only, which each clone has for itself.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import RefusedError

if TYPE_CHECKING:
    from terrace.git import Git

PATTERN = "*.secrets.yaml"
DRIVER = "terrace-secrets"
LINES = {PATTERN: f"{PATTERN} diff={DRIVER} merge={DRIVER}", "*.ledger.yaml": f"*.ledger.yaml merge={DRIVER}"}
_COMMENT = "# Ciphertext: merged and shown value by value, once `terrace secrets install-git-drivers` ran in a clone."
_SAMPLES = (("diff", "sample.secrets.yaml"), ("merge", "sample.secrets.yaml"), ("merge", "sample.ledger.yaml"))


class Installed(NamedTuple):
    """What was changed: settings of Git, by name, and whether `.gitattributes` was."""

    settings: tuple[str, ...]
    attributes: bool


def install(git: Git, folder: Path, program: str) -> Installed:
    """Set what is not set yet, for the files below `folder`. `program` is a shell's words that run Terrace."""
    file = folder / ".gitattributes"
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    after = attributes(before)
    if after != before:
        file.write_text(after, encoding="utf-8", newline="")
    done = []
    for name, value in settings(program).items():
        if _setting(git, name) != value:
            git.run("config", "--local", name, value)
            done.append(name)
    for kind, sample in _SAMPLES:
        if (found := _attribute(git, folder, kind, sample)) != DRIVER:
            raise RefusedError(
                f"Git would still use {kind}={found} for {sample}: another line of attributes wins",
                hint=f"See `git check-attr -a {sample}`; look into .gitattributes below, and .git/info/attributes.",
            )
    return Installed(tuple(done), after != before)


def settings(program: str) -> dict[str, str]:
    """The settings of a clone."""
    return {
        f"merge.{DRIVER}.name": "secrets, value by value (terrace)",
        f"merge.{DRIVER}.driver": f"{program.replace('%', '%%')} secrets merge-driver %O %A %B %P",
        # Where branches met before, Git merges what they had in common first; no person is there to settle a conflict.
        f"merge.{DRIVER}.recursive": "binary",
        f"diff.{DRIVER}.textconv": f"{program} secrets textconv",
        f"diff.{DRIVER}.cachetextconv": "false",
    }


def attributes(text: str) -> str:
    """The text of a `.gitattributes` in which secrets files have their drivers; the last such line wins in Git."""
    lines = text.splitlines(keepends=True)
    new = []
    for pattern, wanted in LINES.items():
        there = [number for number, line in enumerate(lines) if line.split()[:1] == [pattern]]
        for number in there:
            lines[number] = _line(lines[number], wanted if number == there[-1] else pattern)
        if not there:
            new.append(wanted)
    if not new:
        return "".join(lines)
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return "\n".join(("".join(lines) + gap + _COMMENT, *new, ""))


def _line(line: str, wanted: str) -> str:
    """A line with `wanted` in the place of what it said of drivers; nothing, if nothing is left of it."""
    others = [
        word for word in line.split()[1:] if word.lstrip("-!").partition("=")[0] not in ("diff", "merge", "binary")
    ]
    end = line[len(line.rstrip("\r\n")) :]
    return " ".join((wanted, *others)) + end if " " in wanted or others else ""


def missing(git: Git, folder: Path) -> str:
    """What is not installed, in words; empty where everything is."""
    if any(_attribute(git, folder, kind, sample) != DRIVER for kind, sample in _SAMPLES):
        return ".gitattributes names no drivers for them"
    for name in settings(""):
        value = _setting(git, name)
        if not value:
            return f"{name} is not set in this clone"
        if name.endswith((".driver", ".textconv")) and not _runs(value):
            return f"{name} runs {shlex.split(value)[0]}, which is not there"
    return ""


def program() -> str:
    """The words for a shell that run this Terrace, from any folder and whatever the PATH is."""
    beside = Path(sys.executable).parent / "terrace"
    if os.access(beside, os.X_OK):
        return shlex.quote(str(beside))
    return f"{shlex.quote(sys.executable)} -m terrace"


def _runs(command: str) -> bool:
    import shutil

    try:
        return shutil.which(shlex.split(command)[0]) is not None
    except (ValueError, IndexError):
        return False


def _setting(git: Git, name: str) -> str:
    return os.fsdecode(git.attempt("config", "--get", name).out).removesuffix("\n")


def _attribute(git: Git, folder: Path, kind: str, name: str) -> str:
    """What Git would do with a file of a name in `folder`."""
    prefix = folder.resolve().relative_to(git.root).as_posix()
    path = name if prefix == "." else f"{prefix}/{name}"
    fields = os.fsdecode(git.run("check-attr", "-z", kind, "--", path)).split("\0")
    return fields[2] if len(fields) > 2 else ""
