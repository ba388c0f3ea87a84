"""Make a key that signs bundles, and print its public half

The private key comes to stand in FILE, which only its owner can read, the public one in FILE.pub: ECDSA on P-256, in
PEM. Nothing that is there is replaced. With --passphrase the private key is encrypted with what that file holds.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--out", required=True, metavar="FILE", help="where the private key goes")
    parser.add_argument("--passphrase", metavar="FILE", help="a file with the passphrase that encrypts it")


def run(args: Namespace) -> int:
    """Make it, say where it is, print the public key."""
    from terrace.bundle import new_key
    from terrace.bundle.signature import fingerprint

    made = new_key.create(Path(args.out), Path(args.passphrase) if args.passphrase else None)
    name = fingerprint(made.public.hint)
    sys.stderr.write(f"the private key is in {args.out}, and signs; the public one, {name}, in {args.out}.pub:\n")
    sys.stdout.write(made.public.pem)
    return ExitCode.CLEAN
