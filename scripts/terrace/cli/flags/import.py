"""Bring flags in from a definition for flagd: into an area, for one environment

Flags that the area does not have yet are added; those that it has get the state that the definition says in that
environment, and nothing else of them changes. What cannot be said here is refused, and nothing is written. Done once
more, for another environment, it brings in the states there.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from terrace.cli import _options
from terrace.errors import ExitCode, RefusedError, UsageError
from terrace.model.closest import named


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", metavar="FILE", help="JSON as flagd reads it; - for standard input")
    parser.add_argument("--env", metavar="ENV", required=True)
    parser.add_argument("--area", metavar="AREA", required=True, help="flags/AREA.yaml, which is begun if need be")
    parser.add_argument("--dry-run", action="store_true", help="only show what would change")


def run(args: Namespace) -> int:
    """Read, turn into YAML, and write."""
    from terrace import edit, yamlio
    from terrace.asking import book
    from terrace.flags.flagd import import_flagd
    from terrace.report.changed import diff

    folder = _options.folder_of(args)
    if "/" in args.area or args.area.startswith(".") or not args.area:
        raise UsageError(f"{args.area!r} is no area", hint="It is the name of a file in flags/, without .yaml.")
    named(args.env, book(folder).environments, "environment")
    path = f"flags/{args.area}.yaml"
    before, area = "", None
    if (folder / path).exists():
        area, findings = yamlio.read(path, (folder / path).read_bytes())
        if area is None:
            raise RefusedError(f"{findings[0].location}: {findings[0].message}", hint="Mend the file first.")
        before = area.text
    after = import_flagd(_text(args.file), args.env, area)
    sys.stdout.write(diff(path, before, after, _options.style(args)))
    if before == after:
        sys.stdout.write("nothing to do\n")
    elif not args.dry_run:
        edit.write(folder, {path: after})
        sys.stdout.write(f"wrote {path}; then: terrace schemas, terrace validate\n")
    return ExitCode.CLEAN


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}: {getattr(error, 'strerror', None) or 'it is no text'}") from error
