"""Start an empty repository in a new folder.

DIR gets a development and a production environment, one service with a contract to begin from, and what checks it:
hooks, a workflow, settings for editors. Git is begun where there is none, and nothing is committed. The repository
depends on the package and holds no copy of it; where the package that runs was never published, --wheel names a wheel
of it to keep.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from terrace.cli import _options
from terrace.errors import ExitCode, UsageError


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="a new folder, or an empty one")
    parser.add_argument("--service", metavar="NAME", default="app", help="the first service (default: app)")
    parser.add_argument("--wheel", metavar="FILE", type=Path, help="a wheel of the package, kept in wheels/")
    parser.add_argument("--no-git", action="store_true", help="do not begin a Git repository")


def run(args: Namespace) -> int:
    """Write the files, and say what to do next."""
    from terrace.report.started import started_text
    from terrace.starter import start
    from terrace.starter.package import requirement

    if args.repo:
        raise UsageError("init takes the folder itself, not -C", hint=f"terrace init {args.folder}")
    started = start(args.folder, args.service, requirement(args.wheel), with_git=not args.no_git)
    _options.write(args, started_text(started, _options.style(args)))
    return ExitCode.CLEAN
