"""Usage of flags: counted where it is evaluated, reported once and for one's own, and kept without hurting anybody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from openfeature.evaluation_context import EvaluationContext

from terrace.flags.counting import BULK, OTHER
from terrace.flags.usage import DAY, UsageStore
from terrace.runtime.flags import FlagProvider, provider
from terrace.server.guard import LARGEST_BODY
from tests.server.asking import Asking, Got, play
from tests.server.conftest import ServerOf, Shop, Tokens, eventually
from tests.server.flags.conftest import TENANTS, FlagShop, flag
from tests.server.process import Running, once, serving

URL = "/v1/flags/usage"


@pytest.fixture
def file(shop: Shop) -> Path:
    return shop.folder / "usage.sqlite3"


def counted(**more: Any) -> dict[str, Any]:
    said = {"environment": "production", "flag": "a", "variant": "on", "tenant": "", "reason": "STATIC", "number": 3}
    return {**said, **more}


async def report(asking: Asking, *counts: dict[str, Any], batch: str = "batch-01", token: str = "", **more: Any) -> Got:
    body = orjson.dumps({"batch": batch, "until": time.time(), "counts": counts, **more})
    headers = {":method": "POST", "content-type": "application/json"}
    return await asking.get(URL, body=body, token=token, **headers)


def kept(file: Path, environment: str = "production") -> dict[tuple[str, str], int]:
    with closing(UsageStore(file)) as store:
        return store.totals(environment, time.time() - DAY)


def test_a_report_counts_once(flags: FlagShop, server_of: ServerOf, file: Path) -> None:
    flags.release(a=flag())

    async def story(asking: Asking) -> None:
        for _ in range(2):
            assert (await report(asking, counted(), counted(variant="off", tenant="acme", number=2))).status == 204
        assert (await report(asking, counted(), batch="batch-02")).status == 204

    play(server_of(usage=str(file)), story)
    assert kept(file) == {("a", "on"): 6, ("a", "off"): 2}


def test_reports_of_two_callers_with_one_name_are_two(
    flags: FlagShop, server_of: ServerOf, tokens_file: Tokens, file: Path
) -> None:
    flags.release(a=flag())
    tokens = [tokens_file.make(name, may=["flags"]) for name in ("one", "two")]

    async def story(asking: Asking) -> None:
        for token in tokens:
            assert (await report(asking, counted(), token=token)).status == 204

    play(server_of(usage=str(file), tokens=str(tokens_file.path)), story)
    assert kept(file) == {("a", "on"): 6}


def test_who_may_report_what(flags: FlagShop, server_of: ServerOf, tokens_file: Tokens, file: Path) -> None:
    flags.release(a=flag())
    flags.release("staging", a=flag())
    reads = tokens_file.make("reads", may=["read"])
    acme = tokens_file.make("acme", may=["flags"], tenants=["acme"])
    staging = tokens_file.make("staging", may=["flags"], environments=["staging"])

    async def story(asking: Asking) -> None:
        assert (await report(asking, counted())).status == 401
        assert (await report(asking, counted(), token=reads)).status == 403
        assert (await report(asking, counted(tenant="acme"), token=acme)).status == 204
        for other in ("bolt", "", OTHER):
            mixed = (counted(tenant="acme"), counted(tenant=other))
            assert (await report(asking, *mixed, batch="batch-02", token=acme)).status == 403
        assert (await report(asking, counted(), token=staging)).status == 404
        assert (await report(asking, counted(environment="staging"), token=staging)).status == 204

    play(server_of(usage=str(file), tokens=str(tokens_file.path)), story)
    assert (kept(file), kept(file, "staging")) == ({("a", "on"): 3}, {("a", "on"): 3})


def test_what_no_flag_has_is_counted_as_one(flags: FlagShop, server_of: ServerOf, file: Path) -> None:
    flags.release(a=flag())

    async def story(asking: Asking) -> None:
        junk = [counted(flag=f"junk-{number}", tenant=f"ann{number}@example.com", number=1) for number in range(300)]
        assert (await report(asking, *junk, counted(variant="neither"))).status == 204

    play(server_of(usage=str(file)), story)
    assert kept(file) == {(OTHER, ""): 300, ("a", ""): 3}
    with closing(UsageStore(file)) as store:
        assert set(store.tenants("production", OTHER, time.time() - DAY)) == {(OTHER, "")}


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch": "x"}, {"until": -1}, {"until": "now"}, {"counts": [counted(number=0)]}, {"more": 1},
        {"counts": [counted(number=True)]}, {"counts": [counted(context={"email": "ann@example.com"})]},
        {"counts": [counted(reason="BULK")]}, {"counts": [counted()] * 1001}, {"counts": [counted(number=2**63)]},
    ],
)  # fmt: skip
def test_a_report_that_is_not_well_formed_changes_nothing(
    flags: FlagShop, server_of: ServerOf, file: Path, wrong: dict[str, Any]
) -> None:
    flags.release(a=flag())

    async def story(asking: Asking) -> None:
        said = {"batch": "batch-01", "until": 1.0, "counts": [counted()], **wrong}
        headers = {":method": "POST", "content-type": "application/json"}
        got = await asking.get(URL, body=orjson.dumps(said)[:LARGEST_BODY], **headers)
        assert got.status == 422
        assert b"ann@" not in got.body

    play(server_of(usage=str(file)), story)
    assert kept(file) == {}


def test_a_report_that_is_too_large_is_not_read(flags: FlagShop, server_of: ServerOf, file: Path) -> None:
    flags.release(a=flag())

    async def story(asking: Asking) -> None:
        got = await asking.get(URL, body=b" " * (LARGEST_BODY + 1), **{":method": "POST"})
        assert got.status == 413

    play(server_of(usage=str(file)), story)


def test_a_file_that_cannot_be_written_is_said_and_flags_are_evaluated(
    flags: FlagShop, server_of: ServerOf, shop: Shop
) -> None:
    flags.release(a=flag())
    nowhere = shop.folder / "no-such-folder" / "usage.sqlite3"

    async def story(asking: Asking) -> None:
        got = await report(asking, counted())
        assert (got.status, got["retry-after"]) == (503, "10")
        got = await asking.get("/ofrep/v1/evaluate/flags/a", body=b'{"context": {}}', **{":method": "POST"})
        assert got.status == 200
        said = (await asking.get("/configz")).json["usage"]
        assert said["status"] == "degraded"
        assert "no-such-folder" in said["problem"]

    play(server_of(usage=str(nowhere)), story)


def test_without_a_file_reports_are_refused_and_flags_are_evaluated(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release(a=flag())

    async def story(asking: Asking) -> None:
        assert (await report(asking, counted())).status == 404
        got = await asking.get("/ofrep/v1/evaluate/flags/a", body=b'{"context": {}}', **{":method": "POST"})
        assert got.status == 200

    play(server_of(), story)


def test_what_the_server_evaluates_is_counted_and_kept(flags: FlagShop, server_of: ServerOf, file: Path) -> None:
    flags.release(a=flag(targeting=TENANTS), b=flag())

    async def story(asking: Asking) -> None:
        for tenant in ("acme", "acme", "bolt"):
            body = orjson.dumps({"context": {"tenant": tenant, "targetingKey": "ann@example.com"}})
            await asking.get("/ofrep/v1/evaluate/flags/a", body=body, **{":method": "POST"})
        await asking.get("/ofrep/v1/evaluate/flags/nope", body=b'{"context": {}}', **{":method": "POST"})
        await asking.get("/ofrep/v1/evaluate/flags", body=b'{"context": {}}', **{":method": "POST"})
        said = (await asking.get("/metrics")).text
        assert (
            'terrace_flag_evaluations_total{environment="production",flag="a",variant="on",tenant="acme",'
            'reason="targeting_match"} 2'
        ) in said.splitlines()
        assert "ann@" not in said

    play(server_of(usage=str(file)), story)
    assert kept(file) == {("a", "on"): 2, ("a", "off"): 2, ("b", "off"): 1, (OTHER, ""): 1}
    with closing(UsageStore(file)) as store:
        assert store.tenants("production", "a", time.time() - DAY) == {
            ("acme", "on"): 2, ("bolt", "off"): 1, ("", "off"): 1,
        }  # fmt: skip
        assert {point.reason for point in store.usage("production", "b", time.time() - DAY)} == {BULK}
        # Who asked for all flags does not tell that somebody uses `b`.
        assert store.last_evaluated("production", "b") == ()
        assert len(store.last_evaluated("production", "a")) == 2


def application(shop: Shop, running: Running, **more: Any) -> FlagProvider:
    environ = {**shop.environ, "TERRACE_ENV": "production", "TERRACE_SOURCE": f"http://127.0.0.1:{running.port}"}
    return provider(environ=environ, **{"report": 0.1, **more})


def test_an_application_follows_a_server_and_reports_to_it(shop: Shop, flags: FlagShop, file: Path) -> None:
    flags.release(a=flag(targeting=TENANTS))
    with serving(shop, "--usage", str(file), "--workers", "2") as running:
        made = application(shop, running)
        made.initialize(EvaluationContext())
        acme = EvaluationContext("ann@example.com", {"tenant": "acme"})
        for _ in range(5):
            assert made.resolve_boolean_details("a", False, acme).value is True
        eventually(lambda: kept(file) == {("a", "on"): 5})
        flags.release(a=flag(variants={"on": False, "off": False}))
        eventually(lambda: made.resolve_boolean_details("a", True, acme).value is False)
        made.shutdown()
        total = sum(made.counts.now.values())
        eventually(lambda: sum(kept(file).values()) == total)
    assert b"ann@" not in file.read_bytes()


def test_reports_wait_while_the_server_is_away_and_the_oldest_are_given_up(
    shop: Shop, flags: FlagShop, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from terrace.runtime import reporting

    monkeypatch.setattr(reporting, "_WAITING", 3)
    flags.release(a=flag())
    with serving(shop, "--usage", str(file)) as running:
        made, port = application(shop, running), running.port
        os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait()
        assert made._reporter is not None
        for _ in range(5):
            made.resolve_boolean_details("a", False)
            assert made._reporter.report() is False
    assert made.dropped == 2
    with serving(shop, "--usage", str(file), "--port", str(port)):
        assert made._reporter.report() is True
        assert kept(file) == {("a", "off"): 3}
        assert made._reporter.report() is True
        assert kept(file) == {("a", "off"): 3}


_PRELOADED = """
import os, sys
from openfeature import api
from terrace.runtime.flags import provider

made = provider(report=0.1)
api.set_provider_and_wait(made)
client = api.get_client()
for _ in range(3):
    client.get_boolean_value("a", True)
children = []
for _ in range(2):
    child = os.fork()
    if child == 0:
        import time
        for _ in range(10):
            assert client.get_boolean_value("a", True) is False
        while client.get_boolean_value("b", False) is False:
            time.sleep(0.02)
        api.shutdown()
        os._exit(0)
    children.append(child)
print("forked", flush=True)
failed = [child for child in children if os.waitpid(child, 0)[1] != 0]
api.shutdown()
sys.exit(len(failed))
"""


def test_workers_of_a_preloaded_application_follow_and_count_their_own(shop: Shop, flags: FlagShop, file: Path) -> None:
    flags.release(a=flag(), b=flag())
    with serving(shop, "--usage", str(file)) as running:
        environ = {
            **os.environ, **shop.environ, "TERRACE_ENV": "production",
            "TERRACE_SOURCE": f"http://127.0.0.1:{running.port}",
        }  # fmt: skip
        command = [sys.executable, "-W", "ignore", "-c", _PRELOADED]
        with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "forked\n"
            flags.release(a=flag(), b=flag(variants={"on": True, "off": True}))
            assert process.wait(60) == 0
        eventually(lambda: kept(file).get(("a", "off")) == 3 + 2 * 10)
        assert once(running.port, "/configz").status == 200


def test_an_application_that_is_killed_leaves_what_it_reported(shop: Shop, flags: FlagShop, file: Path) -> None:
    flags.release(a=flag())
    with serving(shop, "--usage", str(file)) as running:
        environ = {
            **os.environ, **shop.environ, "TERRACE_ENV": "production",
            "TERRACE_SOURCE": f"http://127.0.0.1:{running.port}",
        }  # fmt: skip
        program = (
            "from openfeature import api\nfrom terrace.runtime.flags import provider\n"
            "api.set_provider_and_wait(provider(report=0.05))\n"
            "while True: api.get_client().get_boolean_value('a', True)"
        )
        with subprocess.Popen([sys.executable, "-c", program], env=environ) as process:
            eventually(lambda: kept(file).get(("a", "off"), 0) > 100)
            process.send_signal(signal.SIGKILL)
        found = kept(file)
        assert found == kept(file)
        with closing(UsageStore(file)) as store:
            assert store.last_evaluated("production", "a")
            assert (store.problem, store.notice) == ("", "")
