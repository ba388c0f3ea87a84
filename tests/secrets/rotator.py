"""A process that rotates what is due, and kills itself where it was told to.

    python -m tests.secrets.rotator FOLDER KEY MOMENT WHERE NUMBER
    python -m tests.secrets.rotator    the same for each line of JSON on standard input, in a process each

WHERE is `step`: after the NUMBER-th step that `rotate` reports; `file`: before the NUMBER-th change to the disk (a file
opened for writing, renamed or removed); or `sent`: before the NUMBER-th message to a store. NUMBER 0 kills nowhere.
What was passed is written to standard output.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from tests.secrets.shop import Shop
from tests.secrets.store_shop import LAYER, StoreShop

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

    def on_step(step: StrEnum) -> None:
        if where == "step":
            count(step.name)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        inside = str(Path(folder, "repo")) in str(arguments[0]) if arguments else False
        if inside and (event in _CHANGES or writes):
            count(event)

    def listen(event: str, arguments: tuple[object, ...]) -> None:
        if event == "http.client.send":
            count("sent")

    stored = Path(folder, "repo", LAYER).exists()
    shop = StoreShop(Path(folder), key=key, extra=os.environ) if stored else Shop(Path(folder), key=key)
    if where in ("file", "sent"):
        sys.addaudithook(watch if where == "file" else listen)
    shop.rotate_due(datetime.fromisoformat(moment), on_step=on_step)


def serve() -> None:
    """Do so for each line, in a child that has everything imported already. Answers with its code and its output."""
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            sys.stdout = os.fdopen(writing, "w")
            main(*json.loads(line))
            sys.stdout.flush()
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as said:
            passed = said.read().split()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([code, passed]), flush=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        main(*sys.argv[1:])
    else:
        importlib.import_module("boto3")
        importlib.import_module("hvac")
        serve()
