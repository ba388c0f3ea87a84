"""Edit the secrets of a file in your editor

The plain text stands in a file in memory (XDG_RUNTIME_DIR or /dev/shm, if that is a tmpfs), in a folder that only you
may enter; a process of its own removes it when this one ends, even by SIGKILL. Without such a place nothing is edited.
VISUAL or EDITOR names the program, vi by default. What breaks the contract is not written, nor is an empty file; values
that stay the same keep their ciphertext. Set up your editor so that it keeps no copies elsewhere: backups, undo files,
registers.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from terrace.cli.secrets import _given
from terrace.errors import ExitCode, RefusedError, TerraceError, UsageError


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _given.add_place(parser)
    _given.add_reason(parser)


def run(args: Namespace) -> int:
    """Open, edit, check, write."""
    import resource

    from terrace.secrets.editing import edit

    # A core dump would be a copy on disk, of the editor too.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    place = _given.place_of(args)
    opener = _given.opener_of(args, "secrets edit")
    name = f"{place.service}.{place.environment.name}.yaml"

    def ask(text: str, problem: str) -> str:
        if problem:
            _ask_again(problem)
        return _edited(text, name)

    changed = edit(place, ask, opener, _given.now())
    sys.stdout.write(_given.said(place, [changed]) if changed.changed else f"{changed.path} stays as it is\n")
    _given.warn(opener)
    return ExitCode.CLEAN


def _ask_again(problem: str) -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        raise RefusedError(f"{problem}; nothing was written")
    sys.stderr.write(f"terrace: {problem}\nEdit again? [Y/n] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() in ("n", "no", "q"):
        raise RefusedError("nothing was written")


def _edited(text: str, name: str) -> str:
    """What the editor leaves of a text."""
    from terrace.secrets.memory import guarded

    with guarded(os.environ, name, text) as file:
        _edit(file)
        try:
            left = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise TerraceError("the editor left no text that could be read; nothing was written") from None
    if text.strip() and not left.strip():
        # As Git takes it: whoever empties a file gives up. An editor that fails may leave the same.
        raise RefusedError("the file is empty; nothing was written", hint="To take every secret out, leave {} in it.")
    return left


def _edit(file: Path) -> None:
    import shlex
    import signal
    import subprocess

    try:
        command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    except ValueError:
        raise UsageError("the quotes in EDITOR do not close") from None
    if not command:
        raise UsageError("EDITOR names no program")
    # Ctrl-C is the editor's while it runs. A handler, unlike ignoring it, is not inherited.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.call([*command, str(file)])
    except OSError as error:
        raise TerraceError(f"cannot start {command[0]}: {error.strerror}", hint="Set EDITOR.") from error
    finally:
        signal.signal(signal.SIGINT, before)
    if code:
        raise RefusedError(f"the editor ended with code {code}; nothing was written")
