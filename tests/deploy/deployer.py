"""Deploys in a child of its own for each command, which is killed for real where the command says.

A command is a line of JSON: root, folders, and optionally `kill_at` (the number of the step after which the process
kills itself) or `kill_after` (seconds until it is killed from outside). The answer is a line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from terrace.deploy.directory import DirectoryDestination
from terrace.deploy.steps import Step
from terrace.errors import TerraceError

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def work(command: dict[str, Any], pipe: int) -> None:
    steps: list[str] = []

    def on_step(step: Step) -> None:
        steps.append(step.name)
        if len(steps) == command.get("kill_at"):
            os.kill(os.getpid(), signal.SIGKILL)

    destination = DirectoryDestination(Path(command["root"]), keep=command.get("keep", 10), on_step=on_step)
    answer: dict[str, Any] = {"error": "", "hint": ""}
    try:
        if user := command.get("user"):
            os.setgid(user)
            os.setuid(user)
        if command.get("action") == "rollback":
            done: Any = destination.rollback(reason="orders fail", actor="mira", now=NOW)
        else:
            done = destination.deploy([Path(folder) for folder in command["folders"]], now=NOW, actor="ci")
            answer["recovered"] = done.recovered.number if done.recovered else 0
        answer["unchanged"] = done.unchanged
        answer["warnings"] = done.warnings
    except TerraceError as error:
        answer.update(error=f"{type(error).__name__}: {error.message}", hint=error.hint)
    os.write(pipe, json.dumps({**answer, "steps": steps}).encode())


def run(command: dict[str, Any]) -> dict[str, Any]:
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(command, send)
        except BaseException as error:
            os.write(send, json.dumps({"error": f"BUG {error!r}", "steps": []}).encode())
            raise
        finally:
            os._exit(0)
    os.close(send)
    if "kill_after" in command:
        time.sleep(command["kill_after"])
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with open(receive, "rb") as pipe:
        said = pipe.read()
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {"signal": killed, **(json.loads(said) if said else {})}


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
