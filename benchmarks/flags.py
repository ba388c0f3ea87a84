"""What an evaluation of a flag costs over HTTP, against a bare ASGI application that returns the same bytes.

    python -m benchmarks.flags

`terrace serve` (with tokens, a rate that is never reached, and its access log) and the bare application each run as one
uvicorn worker with uvloop and httptools. A client keeps eight connections, asks on all of them, and reads all answers;
both are asked in turns. `rate` is requests for each second of the server's processor time, so the client's own costs
do not count; `p99` is what the client waits, of one request at a time. At the end: what many flags cost.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.serve import Served
from benchmarks.serve import _running as running
from terrace.bundle import BundleWriter, Facts
from terrace.deploy.directory import DirectoryDestination
from terrace.flags.evaluator import FlagSet
from terrace.model.flag import STREAM
from terrace.server import tokens

ROUNDS = int(os.environ.get("ROUNDS", "7"))
SECONDS = float(os.environ.get("SECONDS", "0.6"))
CONNECTIONS = 8
ALL = "/ofrep/v1/evaluate/flags"
CONTEXT = {
    "targetingKey": "user-4711", "tenant": "bolt", "plan": "enterprise", "appVersion": "2.3.0",
    "email": "ada@elsewhere.example", "country": "ch",
}  # fmt: skip
BARE = """
import sys
import uvicorn
bodies = [open(path, "rb").read() for path in sys.argv[1:-1]]
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    name = scope["path"].rpartition("/")[2]
    body = bodies[int(name)] if name != "304" else b""
    headers = [(b"etag", b'"x"')] if name == "304" else [
        (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 304 if name == "304" else 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[-1]), access_log=False, log_level="error", loop="uvloop",
            http="httptools")
"""


class Case(NamedTuple):
    """Something that is asked for: of ours, and of the bare application."""

    name: str
    ours: bytes
    bare: bytes
    goal: float = 0


class Cost(NamedTuple):
    """Requests for each second of processor time, and the wait of one in milliseconds."""

    rate: float
    p50: float
    p99: float


def main() -> None:
    """Measure in turns, and print."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name, ExitStack() as stack:
        folder = Path(name)
        token = _prepared(folder)
        options = ["--source", str(folder / "live"), "--tokens", str(folder / "tokens.yaml"), "--rate", "1000000000"]
        ours = stack.enter_context(running(["-m", "terrace", "serve", *options, "--port"]))
        cases, pages = _cases(ours, token, folder)
        bare = stack.enter_context(running(["-c", BARE, *map(str, pages)]))
        print(f"{ROUNDS} rounds of {SECONDS} s each, in turns; requests per second of one core")
        for case in cases:
            pairs = [(_asked(ours, case.ours), _asked(bare, case.bare)) for _ in range(ROUNDS + 1)][1:]
            _print(case, pairs)
        print(f"memory of the server {ours.memory:.0f} MB")
    _many()


def _print(case: Case, pairs: list[tuple[Cost, Cost]]) -> None:
    mine, floor = [one.rate for one, _ in pairs], [other.rate for _, other in pairs]
    ratio = statistics.median(a / b for a, b in zip(mine, floor, strict=True))
    waits = [statistics.median(getattr(one, name) for one, _ in pairs) for name in ("p50", "p99")]
    goal = f" goal {case.goal:,.0f}" if case.goal else ""
    print(
        f"{case.name:<14} {statistics.median(mine):9,.0f} best {max(mine):9,.0f} "
        f"floor {statistics.median(floor):9,.0f} ratio {ratio:5.2f}  "
        f"p50 {waits[0]:7.3f} ms  p99 {waits[1]:7.3f} ms{goal}"
    )


def _flag(**more: Any) -> dict[str, Any]:
    metadata = {"owner": "team-payments", "kind": "release", "created": "2026-11-01", "expires": "2027-03-31"}
    off = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", "metadata": metadata}
    return {**off, **more}


def _share(key: str) -> dict[str, Any]:
    return {"fractional": [{"cat": [key, "/", {"var": "tenant"}]}, ["on", 20], ["off", 80]]}


FOUR = {
    "if": [
        {"in": [{"var": "tenant"}, ["acme", "globex"]]}, "on",
        {"and": [{"==": [{"var": "plan"}, "enterprise"]}, {"sem_ver": [{"var": "appVersion"}, ">=", "2.4.0"]}]}, "on",
        {"ends_with": [{"var": "email"}, "@shop.example"]}, "on",
        {"==": [{"var": "country"}, "de"]}, "on", None,
    ]
}  # fmt: skip


def _mixed(count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Flags as they are in a repository: half are static, a quarter has a rule, some have shares or four rules."""
    one = {"if": [{"in": [{"var": "tenant"}, ["acme", "globex"]]}, "on", None]}
    for number in range(count):
        key = f"flag-{number}"
        targeting = (None, None, one, _share(key) if number % 8 < 4 else FOUR)[number % 4]
        yield key, _flag(targeting=targeting) if targeting else _flag()


def _prepared(folder: Path) -> str:
    first = {"static": _flag(), "four": _flag(targeting=FOUR), "share": _flag(targeting=_share("share"))}
    _release(folder, "single", first)
    for count in (10, 100, 1000):
        _release(folder, f"mixed-{count}", dict(_mixed(count)))
    scopes = tokens.Scopes(("*",), ("*",), ("*",), ("flags",))
    text, kept = tokens.new("benchmark", scopes, now=datetime.now(UTC), days=1)
    tokens.write(folder / "tokens.yaml", [kept])
    return text


def _release(folder: Path, environment: str, flags: Mapping[str, Any]) -> None:
    writer = BundleWriter(
        folder / environment, environment=environment, service=STREAM, tenancy="none", schema={},
        facts=Facts("production", protected=False),
    )  # fmt: skip
    writer.add(None, {"flags": flags, "metadata": {"flagSetId": environment, "fractional": "v3"}})
    writer.seal({"commit": "1" * 40, "time": "2026-11-24T09:30:00Z"})
    destination = DirectoryDestination(folder / "live" / environment)
    destination.deploy([folder / environment], now=datetime.now(UTC), actor="benchmark")


def _request(path: str, headers: Mapping[str, str]) -> bytes:
    body = json.dumps({"context": CONTEXT}).encode()
    said = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    return "".join([f"POST {path} HTTP/1.1\r\n", *(f"{k}: {v}\r\n" for k, v in said.items()), "\r\n"]).encode() + body


def _cases(ours: Served, token: str, folder: Path) -> tuple[list[Case], list[Path]]:
    headers = {"Authorization": f"Bearer {token}"}
    paths = {key: f"/env/single{ALL}/{key}" for key in ("static", "four", "share")}
    paths |= {f"bulk {count}": f"/env/mixed-{count}{ALL}" for count in (10, 100, 1000)}
    goals = {"static": 15_000, "four": 8_000, "bulk 1000": 40}
    cases, pages = [], []
    for number, (name, path) in enumerate(paths.items()):
        request = _request(path, headers)
        page = folder / f"page-{number}.json"
        page.write_bytes(_once(ours, request)[1])
        pages.append(page)
        cases.append(Case(name, request, _request(f"/{number}", headers), goals.get(name, 0)))
    tag = _once(ours, cases[-1].ours)[0]["etag"]
    has = {**headers, "If-None-Match": tag}
    same = Case("bulk 1000, 304", _request(paths["bulk 1000"], has), _request("/304", has), 15_000)
    return [*cases, same], pages


def _once(served: Served, request: bytes) -> tuple[dict[str, str], bytes]:
    with _connected(served) as connection:
        connection.sendall(request)
        return _read(connection)


@contextmanager
def _connected(served: Served) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", served.port), 30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def _read(connection: socket.socket) -> tuple[dict[str, str], bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(1 << 18)
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    assert status.split()[1] in ("200", "304"), (status, body)
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    left = int(headers.get("content-length", "0")) - len(body)
    while left > 0:
        part = connection.recv(1 << 18)
        left -= len(part)
        body += part
    return headers, body


def _asked(served: Served, request: bytes) -> Cost:
    """Ask on every connection at once, again and again; then, on one, one after the other."""
    with ExitStack() as stack:
        connections = [stack.enter_context(_connected(served)) for _ in range(CONNECTIONS)]
        before, count, end = served.cpu, 0, time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            for connection in connections:
                connection.sendall(request)
            for connection in connections:
                _read(connection)
            count += len(connections)
        rate = count / max(served.cpu - before, 0.01)
        waits = []
        end = time.perf_counter() + SECONDS / 3
        while time.perf_counter() < end:
            begun = time.perf_counter()
            connections[0].sendall(request)
            _read(connections[0])
            waits.append((time.perf_counter() - begun) * 1000)
    waits.sort()
    return Cost(rate, waits[len(waits) // 2], waits[int(len(waits) * 0.99)])


MANY = """
import json, sys, time, resource
from benchmarks.flags import CONTEXT, _mixed
from terrace.flags.evaluator import FlagSet
document = json.dumps({"flags": dict(_mixed(10_000)), "metadata": {"flagSetId": "production"}}).encode()
FlagSet(b'{"flags": {}}')
def now():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmRSS")).split()[1]) / 1000
before, begun = now(), time.perf_counter()
flags = FlagSet(document)
print(f"10,000 flags   load {(time.perf_counter() - begun) * 1000:.0f} ms, {now() - before:.0f} MB")
"""


def _many() -> None:
    subprocess.run([sys.executable, "-c", MANY], check=True)
    flags = FlagSet(
        {"flags": {"static": _flag(), "four": _flag(targeting=FOUR), "share": _flag(targeting=_share("a"))}}
    )
    for key in flags.keys:
        best = 0.0
        for _ in range(5):
            begun = time.process_time()
            for _ in range(20_000):
                flags.resolve(key, CONTEXT)
            best = max(best, 20_000 / (time.process_time() - begun))
        print(f"in process     {key:<6} {best:9,.0f} evaluations/s")


if __name__ == "__main__":
    main()
