"""How long it takes until a toggle counts: `python -m benchmarks.toggle`.

A copy of this repository is followed by a real `terrace serve`, and flags are toggled in it, in turns

    click    a POST to the server
    commit   a commit by Git itself, of a line changed in the work tree

until two see it: an application in this process with `terrace.runtime.flags`, and OpenFeature's web client with its
OFREP provider in node, which hears of it by a stream and asks again, as a page does. Both look every half millisecond.
The steps between are told by the times of files: when the branch moved, and when the release became current.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from openfeature.evaluation_context import EvaluationContext

from examples.backend.copied import Copy
from terrace.runtime.flags import FlagProvider, provider
from terrace.server import tokens
from tests.server.flags.nodeclients import Clients

ROUNDS = int(os.environ.get("ROUNDS", "200"))
PAUSE = float(os.environ.get("PAUSE", "0.05"))
"""Seconds between what one toggle came to and the next."""
ENVIRONMENT, KEY = "staging", "checkout-v2"
_SERVED = re.compile(r"is served at http://127\.0\.0\.1:(\d+)")
_LINE = re.compile(rf"(?ms)^  {KEY}:.*?^      {ENVIRONMENT}:\n        default: (\w+)")


class Took(NamedTuple):
    """Milliseconds from the beginning of a toggle to each step."""

    moved: float
    released: float
    answered: float
    application: float
    page: float


class Yard:
    """A copy of the repository, with the server that follows it."""

    def __init__(self, repo: Path, port: int, token: str) -> None:
        self.repo, self._token = repo, token
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def click(self, on: bool) -> None:
        """Have the server do it."""
        body = json.dumps({"do": "set", "variant": "on" if on else "off", "reason": "measured"})
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        self._connection.request("POST", f"/v1/flags/{ENVIRONMENT}/{KEY}", body, headers)
        response = self._connection.getresponse()
        said = response.read()
        assert response.status == 200, said
        assert json.loads(said)["released"], said

    def commit(self, on: bool) -> None:
        """Do it with Git."""
        file = self.repo / "flags/checkout.yaml"
        text = file.read_text()
        found = _LINE.search(text)
        assert found is not None
        file.write_text(f"{text[: found.start(1)]}{'on' if on else 'off'}{text[found.end(1) :]}")
        git(self.repo, "commit", "--quiet", "--all", "--message", "Measured")

    def times(self) -> tuple[int, int]:
        """When the branch moved, and when the release became current, in nanoseconds."""
        head = self.repo / ".git" / git(self.repo, "symbolic-ref", "HEAD").strip()
        live = self.repo / f".terrace/releases/{ENVIRONMENT}/_flags/..data"
        return head.stat().st_mtime_ns, live.lstat().st_mtime_ns


def git(repo: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Bench", "-c", "user.email=bench@harbour.example", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *arguments], cwd=repo, check=True, text=True, capture_output=True).stdout


@contextmanager
def served(repo: Path, file: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "terrace", "serve", "--repo", str(repo), "--follow", "main", "--env", ENVIRONMENT]
    command += ["--port", "0", "--tokens", str(file), "--rate", "0", "--no-access-log"]
    who = {"GIT_COMMITTER_NAME": "Terrace", "GIT_COMMITTER_EMAIL": "terrace@harbour.example"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **who})
    assert process.stderr is not None
    try:
        found = next(match for line in process.stderr if (match := _SERVED.search(line)))
        threading.Thread(target=lambda: [None for _ in process.stderr or ()], daemon=True).start()
        yield int(found[1])
    finally:
        process.terminate()
        process.wait(30)


def when(true: Callable[[], bool], seconds: float = 10.0) -> int:
    """The moment at which it became true, in nanoseconds."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise SystemExit("it never came")
        time.sleep(0.0005)
    return time.time_ns()


def measure(yard: Yard, act: Callable[[bool], None], flags: FlagProvider, clients: Clients, on: bool) -> Took:
    """Toggle once."""
    who = EvaluationContext("user-1", {"tenant": "nobody"})
    seen: dict[str, int] = {}
    began = time.time_ns()

    def watch() -> None:
        seen["application"] = when(lambda: flags.resolve_boolean_details(KEY, not on, who).value is on)

    def hear() -> None:
        seen["page"] = int(clients.ask("until", key=KEY, value=on)["at"] * 1_000_000)

    threads = [threading.Thread(target=each) for each in (watch, hear)]
    for thread in threads:
        thread.start()
    act(on)
    answered = time.time_ns()
    for thread in threads:
        thread.join()
    moved, released = yard.times()
    steps = (moved, released, answered, seen["application"], seen["page"])
    return Took(*((at - began) / 1e6 for at in steps))


def report(name: str, took: list[Took]) -> None:
    print(f"{name}, {len(took)} toggles: milliseconds from the beginning to")
    for step in Took._fields:
        values = sorted(getattr(each, step) for each in took)
        p50, p99 = statistics.median(values), values[min(len(values) - 1, int(len(values) * 0.99))]
        print(f"    {step:12} p50 {p50:7.1f}   p99 {p99:7.1f}   most {values[-1]:7.1f}")
    turned = statistics.median(each.released - each.moved for each in took)
    print(f"    of it from the move of the branch to the release: {turned:.1f} (median)\n", flush=True)


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="terrace-toggle-")))
        copy = Copy(Path(__file__).parents[1], folder)
        copy.make()
        repo = copy.repo
        git(repo, "branch", "--move", "--force", "main")
        file = folder / "tokens.yaml"
        scopes = tokens.Scopes((ENVIRONMENT,), ("*",), ("*",), ("flags", "write"))
        token, kept = tokens.new("bench", scopes, now=datetime.now(UTC), days=1)
        tokens.write(file, [kept])
        port = stack.enter_context(served(repo, file))
        live = repo / ".terrace/releases" / ENVIRONMENT / "_flags"
        when(lambda: (live / "..data").exists(), 120)
        yard = Yard(repo, port, token)
        wait_until_served(port, token)
        flags = provider(environment=ENVIRONMENT, source=live, report=0)
        flags.initialize(EvaluationContext())
        stack.callback(flags.shutdown)
        clients = stack.enter_context(Clients(f"http://127.0.0.1:{port}", token))
        clients.ask("web", context={"targetingKey": "user-1", "tenant": "nobody"})
        yard.click(on=False)
        acts: dict[str, Any] = {"click": yard.click, "commit": yard.commit}
        for name, act in acts.items():
            on = False
            took = []
            for _ in range(ROUNDS):
                time.sleep(PAUSE)
                on = not on
                took.append(measure(yard, act, flags, clients, on))
            report(name, took)


def wait_until_served(port: int, token: str) -> None:
    def there() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", f"/v1/flags/{ENVIRONMENT}", headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().status == 200

    when(there, 120)


if __name__ == "__main__":
    main()
