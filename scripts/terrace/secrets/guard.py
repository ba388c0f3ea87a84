"""Removes a folder as soon as the process that made it has ended, however it ended. Run as a program of its own.

    python guard.py FOLDER

Standard input is a pipe whose other end only that process holds. One byte on standard output says that the guard is up.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys


def main(folder: str) -> None:
    """Wait for the other end of the pipe to close, then remove the folder."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    os.write(1, b".")
    os.close(1)
    while os.read(0, 1):
        pass
    # What an editor writes while its folder goes may need a second look.
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
