"""What a process says of its configuration over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.routing import Mount

from terrace.bundle import Facts
from terrace.runtime.asgi import endpoints
from terrace.runtime.metrics import HandleCollector
from tests.runtime.conftest import HOST, PASSWORD, World


def get(application: Any, path: str, method: str = "GET") -> httpx.Response:
    """An answer of the application, mounted at /ops as its users do it."""
    import asyncio

    async def ask() -> httpx.Response:
        mounted = Starlette(routes=[Mount("/ops", application)])
        transport = httpx.ASGITransport(mounted)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.request(method, path)

    return asyncio.run(ask())


def test_liveness_never_depends_on_the_configuration(world: World) -> None:
    world.deploy()
    handle = world.watch()
    world.deploy({"pool_max": 999})
    handle.refresh()
    assert get(endpoints(handle), "/ops/livez").status_code == 200
    assert get(endpoints(lambda: None), "/ops/livez").status_code == 200


def test_readiness_says_what_runs_and_what_was_refused(world: World) -> None:
    digest = world.deploy()
    handle = world.watch()
    assert get(endpoints(lambda: None), "/ops/readyz").status_code == 503
    answer = get(endpoints(handle), "/ops/readyz")
    told = answer.json()
    assert answer.status_code == 200
    assert (told["ready"], told["state"], told["digest"], told["refused"]) == (True, "ok", digest, None)
    bad = world.deploy({"pool_max": 999})
    handle.refresh()
    answer = get(endpoints(handle), "/ops/readyz")
    assert answer.status_code == 200
    assert answer.json()["state"] == "degraded"
    assert answer.json()["refused"]["digest"] == bad
    assert answer.json()["refused"]["paths"] == ["database.pool_max"]


def test_configz_names_what_waits_and_what_is_overridden_and_holds_no_value(world: World) -> None:
    facts = Facts("development", protected=False)
    world.deploy(environment="development", facts=facts)
    said = {"TERRACE_ENV": "development", "DATABASE_HOST": "by-variable.example", "DATABASE_PASSWORD": "by-variable-1"}
    handle = world.watch(environ=said)
    wrong = {"origins": ["https://canary.example"], "environment": "development", "facts": facts}
    world.deploy({"port": 64123, "pool_min": 77, "pool_max": 66}, **wrong)
    handle.refresh()
    world.deploy({"port": 64123}, **wrong)
    handle.refresh()
    answer = get(endpoints(handle, metrics=True), "/ops/configz")
    told = answer.json()
    assert told["waiting_for_restart"] == ["database.port"]
    assert told["overridden"] == {"database.host": "DATABASE_HOST", "database.password": "DATABASE_PASSWORD"}
    everything = answer.text + get(endpoints(handle, metrics=True), "/ops/metrics").text
    for value in (HOST, PASSWORD, "by-variable", "64123", "canary"):
        assert value not in everything


def test_a_refusal_by_a_validator_or_a_subscriber_shows_no_value(world: World) -> None:
    world.deploy()
    handle = world.watch()

    def too_many(change: Any) -> None:
        raise ValueError(f"{change.new.config.database.pool_max} connections are too many")

    handle.on_prepare(too_many)
    world.deploy({"pool_max": 177})
    handle.refresh()
    assert "177 connections are too many" in handle.status.refused.reason
    answer = get(endpoints(handle), "/ops/configz")
    assert "177 connections" not in answer.text
    assert answer.json()["refused"]["reason"].endswith("too_many objects")


def test_metrics_follow_the_conventions(world: World) -> None:
    digest = world.deploy()
    handle = world.watch()
    world.deploy({"pool_max": 12})
    handle.refresh()
    answer = get(endpoints(handle, metrics=True), "/ops/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'terrace_config_reloads_total{environment="production",service="kitchen"} 1.0' in answer.text
    assert digest not in answer.text
    registry = CollectorRegistry()
    registry.register(HandleCollector(handle))
    assert generate_latest(registry).decode() == answer.text


@pytest.mark.parametrize(("path", "method", "status"), [("/ops/other", "GET", 404), ("/ops/configz", "POST", 405)])
def test_there_is_nothing_else(world: World, path: str, method: str, status: int) -> None:
    world.deploy()
    assert get(endpoints(world.watch()), path, method).status_code == status


def test_head_has_no_body(world: World) -> None:
    world.deploy()
    answer = get(endpoints(world.watch()), "/ops/readyz", "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] != "0"
