"""Look for private keys in files, and refuse them

A private key of age, or any other in PEM, also inside other text or in base64. Without FILES every file is looked at
that Git tracks or could add. `terrace validate` does the same in whole runs; this is what a hook runs on the files of a
commit.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from terrace.cli import _options
from terrace.errors import ExitCode, UsageError


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("files", nargs="*", metavar="FILES", help="default: all that Git tracks or could add")


def run(args: Namespace) -> int:
    """Look, and name the places."""
    from terrace.source.exposed import exposed, exposed_in

    for file in args.files:
        # Nothing would be found in it, and that would look like success.
        if not os.path.lexists(file):
            raise UsageError(f"there is no file {file}")
    found = exposed_in(Path(), args.files) if args.files else exposed(_options.folder_of(args).resolve())
    for location, what in found:
        sys.stdout.write(f"{location}: {what}\n")
    if not found:
        return ExitCode.CLEAN
    sys.stderr.write("terrace: private keys never enter Git\n  hint: Replace them and all that they open.\n")
    return ExitCode.FINDINGS
