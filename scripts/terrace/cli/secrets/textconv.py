"""Print a secrets file as lines to compare, without key and values; Git calls it

`git diff`, `git log -p` and `git show` call it once `terrace secrets install-git-drivers` ran. One line stands for each
secret: its path, its type, and the beginning of its nonce, which is new with each new value. Then come the recipients,
by their names in recipients.yaml, with a mark that changes with the data key; the rule of what is encrypted; the time;
and a mark of all bytes, which shows that anything changed that no other line shows.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", metavar="FILE")


def run(args: Namespace) -> int:
    """Print the lines. A file that is damaged has some too: Git would stop otherwise."""
    from terrace.cli.secrets._sides import names
    from terrace.secrets.outline import outline

    # Git gives a copy in a temporary folder, and stands at the top of the work tree itself.
    sys.stdout.write(outline(Path(args.file).read_bytes(), names("here")))
    return ExitCode.CLEAN
