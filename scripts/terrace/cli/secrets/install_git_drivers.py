"""Let Git merge and show secrets files value by value, in this clone

Writes the line of .gitattributes that is to be committed, and the settings of this clone, which are not: Git runs only
what each clone was told to run. Run again, it changes nothing, unless Terrace has moved since.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode, RefusedError


def configure(parser: ArgumentParser) -> None:
    """Add the options: none but those that all commands have."""


def run(args: Namespace) -> int:
    """Install what is missing, and say what that was."""
    from terrace.git import find
    from terrace.secrets import drivers

    folder = _options.folder_of(args)
    git = find(folder)
    if git is None or not git.has_work_tree:
        raise RefusedError(f"{folder} is not in a Git repository with a work tree", hint="Begin one: git init")
    done = drivers.install(git, folder, drivers.program())
    for name in done.settings:
        sys.stdout.write(f"set {name}\n")
    if done.attributes:
        sys.stdout.write("wrote .gitattributes; commit it\n")
    if not done.settings and not done.attributes:
        sys.stdout.write("everything is installed already\n")
    return ExitCode.CLEAN
