"""A process that rotates what is due, and kills itself where it was told to.

    python -m tests.secrets.rotator FOLDER KEY MOMENT WHERE NUMBER

WHERE is `step`: after the NUMBER-th step that `rotate` reports; or `file`: before the NUMBER-th change to the disk
(a file opened for writing, renamed or removed). NUMBER 0 kills nowhere. What was passed is written to standard output.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from terrace.secrets.rotate import Step
from tests.secrets.shop import Shop

_CHANGES = ("os.rename", "os.remove")


def main(folder: str, key: str, moment: str, where: str, number: str) -> None:
    """Rotate, and die."""
    passed = 0

    def count(name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == int(number):
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        sys.stdout.write(f"{name}\n")

    def on_step(step: Step) -> None:
        if where == "step":
            count(step.name)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        inside = str(Path(folder, "repo")) in str(arguments[0]) if arguments else False
        if inside and (event in _CHANGES or writes):
            count(event)

    shop = Shop(Path(folder), key=key)
    if where == "file":
        sys.addaudithook(watch)
    shop.rotate_due(datetime.fromisoformat(moment), on_step=on_step)


if __name__ == "__main__":
    main(*sys.argv[1:])
