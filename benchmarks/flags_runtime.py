"""What flags cost an application, in process: `python -m benchmarks.flags_runtime`.

    lookup      a value out of a dict                                       the floor of all
    core        flagd's evaluator by itself, which every way here goes through
    set         our set of flags: the same, and it raises nothing
    provider    our OpenFeature provider, with and without counting
    client      OpenFeature's client with our provider, with and without counting; and with a provider in memory
    count       counting one evaluation
    exchange    from the swap of a release until the client gives the other value

Microseconds an evaluation, the best of some rounds taken in turns, for five kinds of flag; one thread.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
import timeit
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from openfeature import api
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from terrace.bundle import BundleWriter, Facts
from terrace.deploy.directory import DirectoryDestination
from terrace.flags.counting import Counts
from terrace.flags.evaluator import FlagSet
from terrace.model.flag import STREAM
from terrace.runtime.flags import provider

ROUNDS = int(os.environ.get("ROUNDS", "7"))
NOW = datetime(2026, 11, 24, tzinfo=UTC)
BY_TENANT = {"cat": ["salt", "/", {"var": "tenant"}]}
LIST = "," + ",".join(f"tenant-{number}" for number in range(100)) + ","
CONTEXT = {"tenant": "tenant-99", "plan": "enterprise", "appVersion": "2.5.0"}
Ask = Callable[[], object]


def flag(**more: Any) -> dict[str, Any]:
    return {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", **more}


def flags() -> dict[str, Any]:
    """Flags of each kind, among a thousand."""
    some = {"in": [{"var": "tenant"}, ["acme", "globex"]]}
    listed = {"in": [{"cat": [",", {"var": "tenant"}, ","]}, LIST]}
    share = {"fractional": [BY_TENANT, ["on", 20], ["off", 80]]}
    rules = {"if": [some, "on", {"==": [{"var": "plan"}, "free"]}, "off", listed, "on", None]}
    named = {
        "static": flag(),
        "one rule": flag(targeting={"if": [some, "on", None]}),
        "100 tenants": flag(targeting={"if": [listed, "on", None]}),
        "share": flag(targeting=share),
        "rules, share": flag(targeting={"if": [*rules["if"][:4], share]}),
    }
    return {**named, **{f"other-{number}": flag() for number in range(1000 - len(named))}}


class Sealed:
    """A destination to which flags are released."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, 0
        self.environ = {"TERRACE_SOURCE": str(folder / "live"), "TERRACE_ENV": "production"}

    def release(self, named: Mapping[str, Any]) -> None:
        """Release them."""
        self.number += 1
        bundle = self.folder / f"bundle-{self.number}"
        facts = Facts("production", protected=True)
        writer = BundleWriter(bundle, environment="production", service=STREAM, tenancy="none", schema={}, facts=facts)
        writer.add(None, {"flags": dict(named), "metadata": {"flagSetId": "production", "fractional": "v3"}})
        writer.seal({"commit": "c" * 40})
        DirectoryDestination(self.folder / "live").deploy([bundle], now=NOW, actor="bench")


class Uncounted(Counts):
    """Counts nothing."""

    def count(self, environment: str, flag: str, variant: str, tenant: str, reason: str) -> None:
        """Nothing."""


def main() -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        sealed = Sealed(Path(folder))
        named = flags()
        sealed.release(named)
        ways = _ways(sealed, named)
        kinds = [key for key in named if not key.startswith("other-")]
        print(f"{'us (1,000/s)':<30}" + "".join(f"{kind:>18}" for kind in kinds))
        best: dict[tuple[str, str], float] = {}
        for _ in range(ROUNDS):
            for way, ask_for in ways.items():
                for kind in kinds:
                    cost = _cost(ask_for(kind))
                    best[way, kind] = min(cost, best.get((way, kind), cost))
        for way in ways:
            told = (f"{best[way, kind]:.2f} ({1000 / best[way, kind]:,.0f})" for kind in kinds)
            print(f"{way:<30}" + "".join(f"{each:>18}" for each in told))
        _counting()
        _exchange(sealed, named)
        api.shutdown()


def _ways(sealed: Sealed, named: Mapping[str, Any]) -> dict[str, Callable[[str], Ask]]:
    core = FlagdCore()
    core.set_flags(orjson.dumps({"flags": named, "metadata": {"flagSetId": "production"}}).decode())
    whole, context = FlagSet({"flags": named}), EvaluationContext("user-7", CONTEXT)
    counted = provider(environ=sealed.environ, follow=False)
    not_counted = provider(environ=sealed.environ, follow=False, counts=Uncounted())
    memory = InMemoryProvider({key: InMemoryFlag("off", {"on": True, "off": False}) for key in named})
    clients = {}
    for name, made in (("counted", counted), ("not", not_counted), ("memory", memory)):
        api.set_provider_and_wait(made, name)
        clients[name] = api.get_client(name)
    plain = dict.fromkeys(named, True)
    described = {**CONTEXT, "targetingKey": "user-7"}
    return {
        "lookup": lambda key: lambda: plain[key],
        "core": lambda key: lambda: core.resolve_boolean_value(key, False, context),
        "set": lambda key: lambda: whole.resolve(key, described),
        "provider, not counted": lambda key: lambda: not_counted.resolve_boolean_details(key, False, context),
        "provider": lambda key: lambda: counted.resolve_boolean_details(key, False, context),
        "client, memory": lambda key: lambda: clients["memory"].get_boolean_value(key, False, context),
        "client, not counted": lambda key: lambda: clients["not"].get_boolean_value(key, False, context),
        "client": lambda key: lambda: clients["counted"].get_boolean_value(key, False, context),
    }


def _cost(ask: Ask) -> float:
    """Microseconds that one takes."""
    number = 2000
    return timeit.timeit(ask, number=number) / number * 1e6


def _counting() -> None:
    counts = Counts()

    def count() -> None:
        counts.count("production", "static", "off", "acme", "STATIC")

    def nothing() -> None:
        pass

    one = min(timeit.repeat(count, number=50_000, repeat=ROUNDS)) / 50_000 * 1e6
    none = min(timeit.repeat(nothing, number=50_000, repeat=ROUNDS)) / 50_000 * 1e6
    print(f"count: {one - none:.2f} us")


def _exchange(sealed: Sealed, named: Mapping[str, Any]) -> None:
    made = provider(environ=sealed.environ)
    api.set_provider_and_wait(made, "followed")
    time.sleep(0.5)
    client = api.get_client("followed")
    found: list[float] = []
    for number in range(3 * ROUNDS):
        variant = "on" if number % 2 == 0 else "off"
        wanted = number % 2 == 0
        seen = threading.Event()

        def look(wanted: bool = wanted, seen: threading.Event = seen) -> None:
            while client.get_boolean_value("other-0", not wanted) is not wanted:
                time.sleep(0.0002)
            found.append(time.perf_counter())
            seen.set()

        looking = threading.Thread(target=look)
        looking.start()
        sealed.release({**named, "other-0": flag(defaultVariant=variant)})
        # The link is made a moment before it takes the other one's place.
        began = (sealed.folder / "live" / STREAM / "..data").lstat().st_mtime
        seen.wait(20)
        looking.join()
        found[-1] = time.time() - (time.perf_counter() - found[-1]) - began
    found.sort()
    middle, worst = found[len(found) // 2] * 1000, found[-1] * 1000
    print(f"exchange of 1,000 flags: {middle:.1f} ms median, {worst:.1f} ms worst of {len(found)}")


if __name__ == "__main__":
    main()
