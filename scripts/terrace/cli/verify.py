"""Check every byte of a bundle, and name what is wrong.

BUNDLE is a bundle's folder, a packed bundle (terrace build --pack), or a folder that holds an environment's bundles
with their index.json. With --signers a bundle that none of them signed is wrong, too; the packages of others that read
Sigstore bundles find the same.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from terrace.cli import _options
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("bundle", metavar="BUNDLE")
    _options.add_signers(parser)
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Verify one bundle, or each of an index."""
    from terrace import delivery
    from terrace.report.verified import verified_json, verified_text

    verified = delivery.verify(Path(args.bundle), _options.signers(args))
    _options.write(args, verified_json(verified) if args.format == "json" else verified_text(verified))
    return ExitCode.FINDINGS if any(each.problems for each in verified) else ExitCode.CLEAN
