"""The command line: options become one call of the pipeline, its result one report and one exit code.

Each command is one file in this folder: its docstring is its help (the first line stands in `terrace --help`),
`configure(parser)` adds its options and `run(args)` does the work and returns an exit code. A command's module is
imported when the command is used, so that each costs only what it needs. A folder is a group of commands, such as
`terrace secrets set`, and has the same files; the docstring of its `__init__.py` is the group's help. A `_` in a file's
name is a `-` in the command's.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from terrace import __version__
from terrace.errors import ExitCode, TerraceError, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser


def run(argv: list[str]) -> int:
    """Run a command line (without the program's name) and return its exit code. Nothing escapes but SystemExit."""
    try:
        return _run(argv)
    except SystemExit as leaving:  # argparse: --help and wrong use
        return leaving.code if isinstance(leaving.code, int) else ExitCode.USAGE
    except TerraceError as error:
        _complain(error.whole, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("\nterrace: interrupted\n")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.UNREAD
    except OSError as error:
        _complain(f"{error.filename or 'the output'}: {error.strerror}", "")
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001 - the one place where a bug of ours ends
        from terrace.cli import _bug

        sys.stderr.write(_bug.confession(error, debug=bool(os.environ.get("TERRACE_DEBUG"))))
        return ExitCode.BUG


def commands(group: str = "") -> list[str]:
    """The names of all commands, those in groups as two words; or of those of one `group`."""
    folder = os.path.join(os.path.dirname(__file__), group)  # noqa: PTH118, PTH120 - pathlib costs start-up time
    files = [name for name in os.listdir(folder) if name.endswith(".py") and not name.startswith("_")]  # noqa: PTH208
    names = [name[:-3].replace("_", "-") for name in files]
    if group:
        return sorted(f"{group} {name}" for name in names)
    return sorted([*names, *(name for inner in groups() for name in commands(inner))])


def overview() -> list[str]:
    """The names of single commands, and of groups."""
    return sorted([*(name for name in commands() if " " not in name), *groups()])


def groups() -> list[str]:
    """The names of the groups of commands."""
    with os.scandir(os.path.dirname(__file__)) as entries:  # noqa: PTH120
        return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("_"))


def command(name: str) -> ModuleType:
    """The module of a command, or of a group."""
    return import_module(f"terrace.cli.{name.replace(' ', '.').replace('-', '_')}")


def parser_of(name: str) -> ArgumentParser:
    """The parser of one command's options."""
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    def unmeasured(prog: str) -> RawDescriptionHelpFormatter:
        return RawDescriptionHelpFormatter(prog, width=80)

    module = command(name)
    description = (module.__doc__ or "").strip()
    # Each option that is added makes a formatter of its own; only one that prints need know the terminal's width.
    parser = ArgumentParser(prog=f"terrace {name}", description=description, formatter_class=unmeasured)
    module.configure(parser)
    parser.add_argument("-C", "--repo", metavar="DIR", help="the repository (default: found from this folder upwards)")
    parser.formatter_class = RawDescriptionHelpFormatter
    return parser


def _run(argv: list[str]) -> int:
    repo, rest = _repo(argv)
    if not rest or rest[0] in ("-h", "--help", "help"):
        sys.stdout.write(_help())
        return ExitCode.CLEAN if rest else ExitCode.USAGE
    if rest[0] in groups():
        if len(rest) < 2 or rest[1] in ("-h", "--help", "help"):
            sys.stdout.write(_group_help(rest[0]))
            return ExitCode.CLEAN if len(rest) > 1 else ExitCode.USAGE
        rest = [f"{rest[0]} {rest[1]}", *rest[2:]]
    if rest[0] in ("-V", "--version"):
        sys.stdout.write(f"terrace {__version__}\n")
        return ExitCode.CLEAN
    name = rest[0]
    if name not in commands():
        raise _unknown(name)
    if name == "lint" and rest[1:] and not any(argument.startswith("-") for argument in rest[1:]):
        from terrace.cli import lint

        return lint.quick(rest[1:])  # hooks run it on every commit: parsing options would be a fifth of its time
    args = parser_of(name).parse_args(rest[1:])
    args.repo = args.repo or repo
    code: int = command(name).run(args)
    return code


def _repo(argv: list[str]) -> tuple[str | None, list[str]]:
    """`-C DIR` before the command, as Git has it."""
    repo: str | None = None
    while argv and (argv[0] in ("-C", "--repo") or argv[0].startswith("--repo=")):
        if "=" in argv[0]:
            repo, argv = argv[0].split("=", 1)[1], argv[1:]
        elif len(argv) > 1:
            repo, argv = argv[1], argv[2:]
        else:
            raise UsageError(f"{argv[0]} needs a folder")
    return repo, argv


def _help() -> str:
    lines = [
        "Terrace: configuration in Git, proved right, sealed and delivered.",
        "",
        "usage: terrace [-C DIR] COMMAND [OPTIONS]",
        "",
    ]
    lines += [f"  {name:<12}{summary(name)}" for name in overview()]
    lines += ["", "`terrace COMMAND --help` tells more.", ""]
    return "\n".join(lines)


def _group_help(group: str) -> str:
    lines = [(command(group).__doc__ or "").strip(), "", f"usage: terrace [-C DIR] {group} COMMAND [OPTIONS]", ""]
    lines += [f"  {name.split()[1]:<20}{summary(name)}" for name in commands(group)]
    lines += ["", f"`terrace {group} COMMAND --help` tells more.", ""]
    return "\n".join(lines)


def summary(name: str) -> str:
    """One line that says what a command is for."""
    return (command(name).__doc__ or "").strip().split("\n", 1)[0].rstrip(".")


def _unknown(name: str) -> UsageError:
    from terrace.model.closest import closest

    close = closest(name, commands())
    hint = f"Did you mean `terrace {close}`?" if close else "`terrace --help` lists the commands."
    return UsageError(f"there is no command {name!r}", hint=hint)


def _complain(message: str, hint: str) -> None:
    from terrace.report.cells import printable

    for label, text in (("terrace: ", printable(message)), ("  hint: ", printable(hint))):
        if text:
            sys.stderr.write(_fitted(label, text) if sys.stderr.isatty() else f"{label}{text}\n")


def _fitted(label: str, text: str) -> str:
    """`text` after `label`, in lines that fit the terminal; programs and logs get it as one."""
    from terrace.report.cells import wrap
    from terrace.report.style import style_for

    width = style_for(sys.stderr, os.environ).width
    first, *more = text.split("\n")
    lines = wrap(first, width, first=len(label), indent=4)
    for line in more:
        indent = len(line) - len(line.lstrip())
        lines += [" " * indent + part for part in wrap(line, width - indent, indent=2)]
    return f"{label}{chr(10).join(lines)}\n"
