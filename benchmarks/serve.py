"""What a request to `terrace serve` costs, against a bare Starlette route that returns the same bytes.

    python -m benchmarks.serve

Both run as one uvicorn worker; a client keeps one connection and asks in turns. `cpu` is the server's processor time
for one request, `p50` and `p99` are what the client waits, `memory` is resident. The same for a request whose content
the caller has (304).
"""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from examples.backend.copied import Copy

ROOT = Path(__file__).parents[1]
ROUNDS = int(os.environ.get("ROUNDS", "9"))
REQUESTS = 300
TICK = os.sysconf("SC_CLK_TCK")
PATH = "/v1/config/backend/development"
BARE = """
import sys
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
import uvicorn
body = open(sys.argv[1], "rb").read()
def config(request):
    if request.headers.get("if-none-match") == '"x"':
        return Response(status_code=304, headers={"ETag": '"x"'})
    return Response(body, media_type="application/json", headers={"ETag": '"x"'})
async def route(request):
    return config(request)
app = Starlette(routes=[Route("/v1/config/backend/development", route)])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), access_log=False, log_level="error")
"""


class Served(NamedTuple):
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def cpu(self) -> float:
        """Its processor time so far, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    @property
    def memory(self) -> float:
        """Its resident memory, in MB."""
        line = next(
            each for each in Path(f"/proc/{self.process.pid}/status").read_text().splitlines() if "VmRSS" in each
        )
        return int(line.split()[1]) / 1000


class Cost(NamedTuple):
    """What requests cost: processor time of one in microseconds, and waits in milliseconds."""

    cpu: float
    p50: float
    p99: float


def main() -> None:
    """Measure in turns, and print both with their ratio."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        copy = Copy(ROOT, Path(folder) / "example")
        copy.make()
        copy.deploy()
        source = str(copy.source)
        ours = stack.enter_context(
            _running(["-m", "terrace", "serve", "--no-access-log", "--rate", "0", "--source", source, "--port"])
        )
        body, tag = _once(ours.port)
        page = Path(folder) / "page.json"
        page.write_bytes(body)
        bare = stack.enter_context(_running(["-c", BARE, str(page)]))
        print(f"{len(body):,} bytes; {ROUNDS} rounds of {REQUESTS} requests each, in turns")
        for name, header in (("200", ""), ("304", "tag")):
            pairs = [
                (_asked(ours, tag if header else ""), _asked(bare, '"x"' if header else "")) for _ in range(ROUNDS + 1)
            ][1:]
            for field in Cost._fields:
                mine = [getattr(one, field) for one, _ in pairs]
                floor = [getattr(other, field) for _, other in pairs]
                ratio = statistics.median(a / b for a, b in zip(mine, floor, strict=True))
                said = f"{statistics.median(mine):9.3f} floor {statistics.median(floor):9.3f}"
                print(f"{name} {field:<4} {said} {'us' if field == 'cpu' else 'ms'} ratio {ratio:6.2f}")
        rate = statistics.median(1e6 / one.cpu for one, _ in pairs)
        print(f"memory   {ours.memory:8.1f} MB floor {bare.memory:8.1f} MB ratio {ours.memory / bare.memory:6.2f}")
        print(f"one core answers about {rate:,.0f} such requests a second")


@contextmanager
def _running(arguments: list[str]) -> Iterator[Served]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, *arguments, str(port)], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        for _ in range(400):
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.05)
        time.sleep(0.5)
        yield Served(port, process)
    finally:
        process.terminate()
        process.wait(30)


def _once(port: int) -> tuple[bytes, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", PATH)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    return body, answer.getheader("ETag") or ""


def _asked(served: Served, tag: str) -> Cost:
    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    headers = {"If-None-Match": tag} if tag else {}
    before, waits = served.cpu, []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        connection.request("GET", PATH, headers=headers)
        answer = connection.getresponse()
        answer.read()
        waits.append((time.perf_counter() - begun) * 1000)
        assert answer.status == (304 if tag else 200)
    connection.close()
    waits.sort()
    cpu = (served.cpu - before) / REQUESTS * 1e6
    return Cost(cpu, waits[len(waits) // 2], waits[int(len(waits) * 0.99)])


if __name__ == "__main__":
    main()
