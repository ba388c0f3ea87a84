"""`python -m terrace`, and the `terrace` command."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and leave at once: nothing needs the interpreter's own goodbye."""
    gc.disable()  # what we build is a tree of plain values, freed by reference counting; collecting doubles loading
    from terrace.cli import run
    from terrace.errors import ExitCode

    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = ExitCode.UNREAD
    os._exit(code)


if __name__ == "__main__":
    main()
