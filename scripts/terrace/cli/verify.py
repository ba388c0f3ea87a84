"""Check every byte of a bundle, and name what is wrong.

BUNDLE is a bundle's folder, or a folder that holds an environment's bundles with their index.json.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.errors import ExitCode

if TYPE_CHECKING:
    from terrace.report.verified import Verified


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("bundle", metavar="BUNDLE")
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Verify one bundle, or each of an index."""
    from terrace.bundle import read_index
    from terrace.report.verified import verified_json, verified_text

    folder = Path(args.bundle)
    if (folder / "index.json").is_file():
        verified = [_verified(folder / service, digest) for service, digest in read_index(folder).items()]
    else:
        verified = []
    verified = verified or [_verified(folder)]
    _options.write(args, verified_json(verified) if args.format == "json" else verified_text(verified))
    return ExitCode.FINDINGS if any(each.problems for each in verified) else ExitCode.CLEAN


def _verified(folder: Path, indexed: str = "") -> Verified:
    from terrace.bundle import open_bundle, verify
    from terrace.report.verified import Verified

    found = verify(folder)
    digest = "" if found else open_bundle(folder).ref.digest
    if digest and indexed and digest != indexed:
        found = [f"its digest is not the one that index.json names ({indexed})"]
    return Verified(folder, "" if found else digest, tuple(found))
