"""Check every byte of a bundle, and name what is wrong.

BUNDLE is a bundle's folder, or a folder that holds an environment's bundles with their index.json.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("bundle", metavar="BUNDLE")


def run(args: Namespace) -> int:
    """Verify one bundle, or each of an index."""
    from terrace.bundle import open_bundle, read_index, verify

    folder = Path(args.bundle)
    indexed = (folder / "index.json").is_file()
    named = read_index(folder) if indexed else {}
    problems = 0
    for each in [folder / service for service in named] or [folder]:
        found = list(verify(each))
        if not found and indexed and open_bundle(each).ref.digest != named[each.name]:
            found = [f"its digest is not the one that index.json names ({named[each.name]})"]
        for problem in found:
            sys.stdout.write(f"{problem}\n" if problem.startswith(f"{each} ") else f"{each}: {problem}\n")
        if not found:
            sys.stdout.write(f"ok  {each}  {open_bundle(each).ref.digest}\n")
        problems += len(found)
    return ExitCode.FINDINGS if problems else ExitCode.CLEAN
