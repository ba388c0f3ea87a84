"""Check every secrets file: for whom it is encrypted, whole, and of the right form

Without a key: every rule on secrets (SEC), as `terrace validate` has them. With keys at hand also: each file that one
of them should open is opened and its seal verified, and every other key is tried, and must open nothing it should not:
a development key on production is found, whatever the file says of itself. Exit code 1 means findings.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from terrace.cli import _options
from terrace.cli.secrets import _given, _register
from terrace.errors import ExitCode
from terrace.report import format_names, renderer


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--no-keys", action="store_true", help="open nothing, also where a key is at hand")
    _given.add_reason(parser)
    _options.add_format(parser, format_names())


def run(args: Namespace) -> int:
    """Judge, then try the keys."""
    from terrace import pipeline

    folder = _options.folder_of(args)
    report = pipeline.validate(folder)
    report = report._replace(
        findings=tuple(each for each in report.findings if each.code.startswith("SEC")),
        suppressed=tuple(each for each in report.suppressed if each.finding.code.startswith("SEC")),
    )
    _options.write(args, renderer(args.format)(report, style=_options.style(args)))
    failed = _fails(args, folder) if not args.no_keys else False
    return ExitCode.FINDINGS if report.failed or failed else ExitCode.CLEAN


def _fails(args: Namespace, folder: Path) -> bool:
    """Whether a file that was tried with keys is not as it should be. What came of it is said on standard error."""
    from terrace.report.progress import progress
    from terrace.secrets.checking import tried
    from terrace.secrets.register import whole
    from terrace.secrets.sync import sealed_files

    opener = _register.opener_of(args, "secrets check")
    if not opener.identities.usable:
        sys.stderr.write("terrace: no key is at hand: nothing was opened\n")
        return False
    found = whole(folder)
    files = list(sealed_files(found))
    done = list(progress(tried(files, found.repository.register, opener), len(files), "Opening files"))
    for each in done:
        sys.stderr.writelines(f"terrace: {each.path}: {problem}\n" for problem in each.problems)
    opened = sum(each.opened for each in done)
    sys.stderr.write(f"terrace: {opened} of {len(done)} secrets files opened and whole\n")
    _given.warn(opener)
    return any(each.problems for each in done)
