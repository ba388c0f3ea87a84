"""How long an edit takes until it is live over HTTP: `python -m benchmarks.follow [--tenants N]`.

    example       a value of an environment's file, in a copy of this repository
    tenant        a value of one tenant in one environment, among N tenants
    environment   a value of that environment's file, which all N tenants inherit

`live` is from the rename that ends an edit to the answer of a client that waits for another ETag, through a real
`terrace serve --follow worktree`. `floor` is validating, building and delivering the same edit in a process that has
done it before and remembers nothing of it, without noticing, verifying or HTTP. Milliseconds, on the clock.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import generate
from examples.backend.copied import Copy
from terrace import delivery

ROOT = Path(__file__).parents[1]
ENVIRONMENT = "development"
_SERVED = re.compile(r"is served at http://127\.0\.0\.1:(\d+)")


class Edited:
    """A number in a file, which each edit makes another one, as editors do it: a new file in the old one's place."""

    def __init__(self, file: Path, key: str, numbers: Iterator[int]) -> None:
        self._file, self._key, self._numbers = file, key, numbers

    def __call__(self) -> float:
        """Edit; when that was done."""
        changed, count = re.subn(
            rf"(\b{self._key}: )\d+", rf"\g<1>{next(self._numbers)}", self._file.read_text(), count=1
        )
        assert count, f"{self._file} has no {self._key}"
        beside = self._file.with_name(f"{self._file.name}.tmp")
        beside.write_text(changed)
        beside.rename(self._file)
        return time.perf_counter()


def main() -> None:
    """Measure, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=30)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(ROOT, Path(folder) / "example")
        copy.make()
        edit = Edited(copy.repo / f"environments/{ENVIRONMENT}/backend.yaml", "pool_max", iter(range(10, 10_000)))
        figure("example", copy.repo, f"/v1/config/backend/{ENVIRONMENT}", edit, said.rounds)
        many = Path(folder) / "many"
        generate.generate(many, said.tenants)
        described = many / f"environments/{ENVIRONMENT}/environment.yaml"
        described.write_text(described.read_text() + f"destinations:\n  - directory: .terrace/releases/{ENVIRONMENT}\n")
        generate.commit(many)
        tenant = sorted((many / "tenants").glob(f"**/{ENVIRONMENT}/app.yaml"))[0]
        edit = Edited(tenant, generate.TOUCHED[-1], iter(range(1000, 100_000)))
        url = f"/v1/config/app/{ENVIRONMENT}?tenant={tenant.parents[1].name}"
        figure("tenant", many, url, edit, said.rounds)
        edit = Edited(many / f"environments/{ENVIRONMENT}/app.yaml", "max_size", iter(range(30, 10_000)))
        figure("environment", many, f"/v1/config/app/{ENVIRONMENT}", edit, said.rounds)


def figure(name: str, repo: Path, url: str, edit: Edited, rounds: int) -> None:
    """Both costs of the same edits, the one after the other."""
    with serving(repo) as port:
        live = [until_live(port, url, edit) for _ in range(rounds + 2)][2:]
    floor = [in_process(repo, edit) for _ in range(rounds + 2)][2:]
    print(f"{name:<12} live {spread(live)}   floor {spread(floor)}", flush=True)


def spread(seconds: list[float]) -> str:
    """Median and 95th percentile."""
    ordered = sorted(seconds)
    return f"{statistics.median(ordered) * 1000:7.0f} ms (95%: {ordered[int(len(ordered) * 0.95)] * 1000:7.0f} ms)"


def until_live(port: int, url: str, edit: Callable[[], float]) -> float:
    """From an edit to the answer with another ETag, for a client that was waiting already."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", url)
    response = connection.getresponse()
    response.read()
    assert response.status == 200, response.status
    connection.request("GET", url, headers={"If-None-Match": response.headers["ETag"], "Prefer": "wait=60"})
    time.sleep(0.3)
    begun = edit()
    response = connection.getresponse()
    ended = time.perf_counter()
    response.read()
    assert response.status == 200, response.status
    connection.close()
    return ended - begun


def in_process(repo: Path, edit: Callable[[], float]) -> float:
    """The least that there is to do: validate, build, deliver."""
    (repo / ".terrace").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=repo / ".terrace") as staging:
        begun = edit()
        done = delivery.deploy(repo, Path(staging), [ENVIRONMENT], actor="benchmark", jobs=2)
        ended = time.perf_counter()
    assert not done[0].problem, done[0].problem
    return ended - begun


@contextmanager
def serving(repo: Path) -> Iterator[int]:
    """A server that follows the work tree, once it has released what is there."""
    options = ["--repo", str(repo), "--follow", "worktree", "--env", ENVIRONMENT, "--port", "0", "--rate", "0"]
    command = [sys.executable, "-m", "terrace", "serve", *options, "--no-access-log"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    port = next(int(found[1]) for line in process.stderr if (found := _SERVED.search(line)))
    threading.Thread(target=lambda: [None for _ in process.stderr or ()], daemon=True).start()
    try:
        while json.loads(_got(port, "/readyz"))["status"] != "ok":
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def _got(port: int, url: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", url)
        return connection.getresponse().read()
    except OSError:
        return b'{"status": "starting"}'
    finally:
        connection.close()


if __name__ == "__main__":
    main()
