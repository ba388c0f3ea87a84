"""What the loader costs an application, against floors measured in the same run: `python -m benchmarks.runtime`.

    start     a process that loads the example's bundle, its secrets opened  / pydantic on the same values in one file
    without   the same of a bundle that has no secrets                       / the same
    signed    the same, and its signature verified                           / the same
    reload    from the swap of a release until another revision runs         / until inotify says so
    compute   a changed configuration read, judged and exchanged in process  / pydantic on the same values
    lookup    handle.current.database.pool_max                               / config.database.pool_max
    tenant    handle.for_tenant(name).database.pool_max                      / config.database.pool_max

Medians of interleaved rounds; `start` is processor time.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import timeit
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import orjson

from examples.backend.copied import Copy
from schemas.backend import Config
from terrace.bundle import Bundle, BundleWriter, open_bundle
from terrace.bundle.new_key import create
from terrace.deploy.directory import DirectoryDestination
from terrace.runtime import Handle, watch
from terrace.sops import find_identities, open_

ROUNDS = int(os.environ.get("ROUNDS", "15"))
ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 24, tzinfo=UTC)
FLOOR = """
import sys
from schemas.backend import Config
with open(sys.argv[1], "rb") as file:
    Config.model_validate_json(file.read())
"""
OURS = """
from terrace.runtime import load
from schemas.backend import Config
load(Config, service="backend")
"""


class Figure(NamedTuple):
    """Two costs of the same thing, in one unit, measured in turns."""

    name: str
    unit: str
    ours: list[float]
    floor: list[float]

    def __str__(self) -> str:
        ratio = statistics.median(one / other for one, other in zip(self.ours, self.floor, strict=True))
        ours, floor = statistics.median(self.ours), statistics.median(self.floor)
        return f"{self.name:<9} {ours:10.3f} {self.unit:<3} floor {floor:10.3f} {self.unit:<3} ratio {ratio:8.2f}"


def main() -> None:
    """Measure, and print a line for each."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(ROOT, Path(folder) / "example")
        copy.make()
        subprocess.run([*_terrace(copy), "deploy", "--env", "development"], check=True, stdout=subprocess.DEVNULL)
        for figure in figures(copy, Path(folder)):
            print(figure, flush=True)


def figures(copy: Copy, folder: Path) -> Iterator[Figure]:
    """Every figure of this page."""
    environ = {**os.environ, **copy.variables}
    released = open_bundle(copy.source / "backend")
    whole = _whole(released, environ)
    plain = folder / "plain.json"
    plain.write_bytes(orjson.dumps(whole))
    bare = _bundle(released, folder / "bare", whole)
    yield Figure("start", "ms", *_processes(environ, plain, environ))
    yield Figure("without", "ms", *_processes({**environ, "TERRACE_SOURCE": str(bare)}, plain, environ))
    signers = {"TERRACE_SOURCE": str(bare), "TERRACE_SIGNERS": str(_signed(bare, folder / "key"))}
    yield Figure("signed", "ms", *_processes({**environ, **signers}, plain, environ))
    destination = DirectoryDestination(folder / "live")
    destination.deploy([bare], now=NOW, actor="benchmark")
    said = {**environ, "TERRACE_SOURCE": str(folder / "live")}
    with watch(Config, service="backend", environ=said) as handle:
        yield Figure("reload", "ms", *_reloads(handle, destination, released, whole, folder))
    with watch(Config, service="backend", environ=said, follow=False) as handle:
        yield Figure("compute", "ms", *_computes(handle, destination, released, whole, folder))
        yield from _lookups(handle)


def _terrace(copy: Copy) -> list[str]:
    return [sys.executable, "-m", "terrace", "-C", str(copy.repo)]


def _whole(bundle: Bundle, environ: dict[str, str]) -> dict[str, Any]:
    """The values with their secrets in plain, which are random ones that nobody uses."""
    from terrace.model.merge import merge
    from terrace.runtime.verdict import revealed

    values: dict[str, Any] = bundle.values()
    for layer, data in bundle.secrets():
        values = merge(values, open_(data.decode(), find_identities(environ, Path("/nonexistent")), name=layer).values)
    mine = {name: value for name, value in values.items() if name in Config.model_fields}
    whole: dict[str, Any] = orjson.loads(orjson.dumps(mine, default=revealed))
    return whole


def _bundle(like: Bundle, folder: Path, values: dict[str, Any]) -> Path:
    head = {"environment": like.ref.environment, "service": like.ref.service, "tenancy": like.manifest.tenancy}
    writer = BundleWriter(folder, **head, schema=like.schema, facts=like.facts)
    writer.add(None, values)
    for tenant in like.tenants:
        writer.add(tenant, None)
    writer.seal()
    return folder


def _signed(folder: Path, file: Path) -> Path:
    """Sign the bundle in `folder` with a new key in `file`; the file of its public half."""
    bundle, key = open_bundle(folder), create(file)
    (folder / "signature.json").write_bytes(key.sign(bundle.ref, bundle.provenance_data))
    return file.with_name(f"{file.name}.pub")


def _processes(ours: dict[str, str], plain: Path, floor: dict[str, str]) -> tuple[list[float], list[float]]:
    pairs = []
    for _ in range(ROUNDS + 1):
        mine = _cpu([sys.executable, "-c", OURS], ours)
        pairs.append((mine, _cpu([sys.executable, "-c", FLOOR, str(plain)], floor)))
    return [one for one, _ in pairs[1:]], [other for _, other in pairs[1:]]


def _cpu(command: list[str], environ: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environ, cwd=ROOT, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def _reloads(
    handle: Handle[Config], destination: DirectoryDestination, like: Bundle, whole: dict[str, Any], folder: Path
) -> tuple[list[float], list[float]]:
    """From the swap, as the destination's link shows it, to the exchange; and to a bare watcher's event."""
    ours, floor = [], []
    exchanged, event = threading.Event(), threading.Event()
    at = [0.0, 0.0]

    def note(_: object) -> None:
        at[0] = time.perf_counter()
        exchanged.set()

    handle.on_change(note)
    stop = threading.Event()
    watcher = threading.Thread(target=_inotify, args=(folder / "live" / "backend", event, at, stop))
    watcher.start()
    for number in range(ROUNDS):
        bundle = _bundle(like, folder / f"r{number}", _changed(whole, 20 + number))
        exchanged.clear()
        event.clear()
        swapped = _swapped(destination, bundle)
        assert exchanged.wait(10)
        assert event.wait(10)
        ours.append((at[0] - swapped) * 1000)
        floor.append((at[1] - swapped) * 1000)
        time.sleep(0.1)
    stop.set()
    watcher.join()
    return ours, floor


def _swapped(destination: DirectoryDestination, bundle: Path) -> float:
    """When the link to the current release was exchanged, just before the rename."""
    moment = [0.0]
    rename = os.rename

    def noted(source: Any, target: Any, **more: Any) -> None:
        if os.fspath(target).endswith("..data"):
            moment[0] = time.perf_counter()
        rename(source, target, **more)

    with patch("os.rename", noted):
        destination.deploy([bundle], now=NOW, actor="benchmark")
    assert moment[0]
    return moment[0]


def _inotify(folder: Path, event: threading.Event, at: list[float], stop: threading.Event) -> None:
    """A bare watch, through the C library: 0x80 is IN_MOVED_TO."""
    import ctypes
    import select

    library = ctypes.CDLL(None, use_errno=True)
    descriptor = library.inotify_init1(os.O_NONBLOCK)
    library.inotify_add_watch(descriptor, os.fsencode(folder), 0x80)
    while not stop.is_set():
        if select.select([descriptor], [], [], 0.2)[0]:
            data = os.read(descriptor, 4096)
            if b"..data\0" in data:
                at[1] = time.perf_counter()
                event.set()
    os.close(descriptor)


def _computes(
    handle: Handle[Config], destination: DirectoryDestination, like: Bundle, whole: dict[str, Any], folder: Path
) -> tuple[list[float], list[float]]:
    ours, floor = [], []
    for number in range(ROUNDS):
        values = _changed(whole, 60 + number)
        destination.deploy([_bundle(like, folder / f"c{number}", values)], now=NOW, actor="benchmark")
        begun = time.perf_counter()
        assert handle.refresh()
        ours.append((time.perf_counter() - begun) * 1000)
        data = orjson.dumps(values)
        begun = time.perf_counter()
        Config.model_validate_json(data)
        floor.append((time.perf_counter() - begun) * 1000)
    return ours, floor


def _changed(whole: dict[str, Any], pool_max: int) -> dict[str, Any]:
    return {**whole, "database": {**whole["database"], "pool_max": pool_max}}


def _lookups(handle: Handle[Config]) -> Iterator[Figure]:
    config, tenant = handle.current, handle.revision.tenants[0]
    handle.for_tenant(tenant)
    ways = {
        "lookup": lambda: handle.current.database.pool_max,
        "tenant": lambda: handle.for_tenant(tenant).database.pool_max,
    }
    for name, way in ways.items():
        ours, floor = [], []
        for _ in range(ROUNDS):
            ours.append(timeit.timeit(way, number=50_000) / 50_000 * 1e6)
            floor.append(timeit.timeit(lambda: config.database.pool_max, number=50_000) / 50_000 * 1e6)
        yield Figure(name, "us", ours, floor)


if __name__ == "__main__":
    main()
