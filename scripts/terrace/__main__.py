"""`python -m terrace`, and the `terrace` command."""

from __future__ import annotations

import gc
import io
import os
import sys


def main() -> None:
    """Run the command line and leave at once: nothing needs the interpreter's own goodbye."""
    gc.disable()  # what we build is a tree of plain values, freed by reference counting; collecting doubles loading
    _open_what_is_closed()
    if sys.stdout.encoding.lower() != "utf-8" and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error has it
    from terrace.cli import run
    from terrace.errors import ExitCode

    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = ExitCode.UNREAD
    os._exit(code)


def _open_what_is_closed() -> None:
    """Give a standard stream that the caller closed to the null device, lest a file of ours gets its number."""
    if sys.stdin is not None and sys.stdout is not None and sys.stderr is not None:
        return
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < 3:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    # They stay open for as long as the process lives.
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


if __name__ == "__main__":
    main()
