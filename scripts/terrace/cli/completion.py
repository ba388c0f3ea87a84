"""Print a completion script for your shell.

eval "$(terrace completion bash)"        in ~/.bashrc
terrace completion zsh > ~/.zfunc/_terrace
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def run(args: Namespace) -> int:
    """Build one parser of all commands, and print what shtab makes of it."""
    import shtab

    from terrace.cli import command, commands, groups, summary

    parser = ArgumentParser(prog="terrace")
    parser.add_argument("-C", "--repo", metavar="DIR")
    parser.add_argument("-V", "--version", action="store_true")
    subparsers = parser.add_subparsers()
    inner = {group: subparsers.add_parser(group, help=summary(group)).add_subparsers() for group in groups()}
    for name in commands():
        *group, last = name.split()
        adding = inner[group[0]] if group else subparsers
        command(name).configure(adding.add_parser(last, help=summary(name)))
    sys.stdout.write(shtab.complete(parser, args.shell) + "\n")
    return ExitCode.CLEAN
