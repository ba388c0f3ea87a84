"""What `fix` and `prune` have in common: from findings with fixes to changed files."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Collection

from terrace.cli import _options
from terrace.errors import ExitCode


def run(args: Namespace, codes: Collection[str], *, make: bool) -> int:
    """Show the fixes of findings with these codes (all, if none is given), and make them if asked to."""
    from terrace import edit, pipeline
    from terrace.report.fixed import fixed_text

    folder = _options.folder_of(args)
    report = pipeline.validate(folder)
    wanted = [finding for finding in report.findings if finding.fix and (not codes or finding.code in codes)]
    paths = {each.path for finding in wanted if finding.fix for each in finding.fix.edits}
    before = {path: text for path in sorted(paths) if (text := report.texts(path)) is not None}
    fixed = edit.fix(wanted, before)
    if make:
        edit.write(folder, fixed.texts)
    sys.stdout.write(fixed_text(fixed, before, made=make, style=_options.style(args)))
    return ExitCode.CLEAN
