"""What an application says of its flags: over HTTP, as metrics, and to who waits for a release. No value is in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openfeature.evaluation_context import EvaluationContext
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from terrace.arrival import Endpoint, wait
from terrace.model.flag import STREAM
from terrace.runtime.asgi import endpoints
from terrace.runtime.flags import FlagProvider, provider
from terrace.runtime.metrics import FlagCollector
from terrace.runtime.otel import observe
from tests.runtime.conftest import World
from tests.runtime.flagged import Flagged, flag, valued
from tests.runtime.test_asgi import get

SECRET = "a value that nobody is told"


@pytest.fixture
def flagged(world: World) -> Flagged:
    return Flagged(world.folder)


@pytest.fixture
def made(flagged: Flagged) -> Iterator[FlagProvider]:
    flagged.release({"a": flag("on"), "b": valued(SECRET)})
    found = provider(environ=flagged.environ, follow=False)
    yield found
    found.shutdown()


def test_health_tells_of_flags_beside_the_configuration(world: World, flagged: Flagged, made: FlagProvider) -> None:
    digest = world.deploy()
    handle = world.watch()
    flags = made.status.digest
    for path in ("/ops/readyz", "/ops/configz"):
        told = get(endpoints(handle, flags=made), path).json()
        assert (told["digest"], told["flags"]["digest"], told["flags"]["state"]) == (digest, flags, "ok")
        assert told["flags"]["commit"] == "c" * 40
        assert SECRET not in json.dumps(told)
    bad = flagged.release({"a": flag("on", owner="no key of flagd")})
    made.live.refresh()
    answer = get(endpoints(handle, flags=made), "/ops/readyz")
    assert (answer.status_code, answer.json()["state"]) == (200, "ok")
    assert answer.json()["flags"]["refused"]["digest"] == bad
    assert "'a'" in answer.json()["flags"]["refused"]["reason"]


def test_an_application_without_a_configuration_tells_of_its_flags(made: FlagProvider) -> None:
    told = get(endpoints(made), "/ops/configz").json()
    assert (told["service"], told["digest"]) == (STREAM, made.status.digest)


def test_metrics_have_flags_and_configuration_once_each(world: World, made: FlagProvider) -> None:
    world.deploy()
    handle = world.watch()
    made.resolve_boolean_details("a", False, EvaluationContext(attributes={"tenant": "acme"}))
    text = get(endpoints(handle, metrics=True, flags=made), "/ops/metrics").text
    assert len([line for line in text.splitlines() if line.startswith("# TYPE terrace_config_info")]) == 1
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    services = {each.labels["service"] for each in samples if each.name == "terrace_config_info"}
    assert services == {"kitchen", STREAM}
    evaluated = [each for each in samples if each.name == "terrace_flag_evaluations_total"]
    assert [(each.labels, each.value) for each in evaluated] == [(
        {"environment": "production", "flag": "a", "variant": "on", "tenant": "acme", "reason": "static"}, 1.0,
    )]  # fmt: skip
    assert SECRET not in text


def test_a_registry_of_the_applications_own_has_them(made: FlagProvider) -> None:
    registry = CollectorRegistry()
    registry.register(FlagCollector(made))
    made.resolve_boolean_details("no-such", False)
    text = generate_latest(registry).decode()
    assert 'flag="(other)"' in text
    assert "terrace_flag_reports_dropped_total 0.0" in text


def test_opentelemetry_gets_totals_by_the_names_of_openfeature(made: FlagProvider) -> None:
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader])
    observe(made, meters.get_meter("test"))
    for tenant in ("acme", "bolt"):
        made.resolve_boolean_details("a", False, EvaluationContext(attributes={"tenant": tenant}))
    made.resolve_boolean_details("b", False)
    found = points(reader)
    key = {
        "feature_flag.key": "a", "feature_flag.provider.name": "terrace", "feature_flag.set.id": "production",
        "feature_flag.result.reason": "static", "feature_flag.result.variant": "on",
    }  # fmt: skip
    assert (key, 2) in found["feature_flag.evaluation_requests_total"]
    assert found["feature_flag.evaluation_success_total"] == [(key, 2)]
    assert [number for _, number in found["feature_flag.evaluation_error_total"]] == [1]
    made.resolve_boolean_details("a", False)
    assert points(reader)["feature_flag.evaluation_success_total"] == [(key, 3)]
    meters.shutdown()


def points(reader: InMemoryMetricReader) -> dict[str, list[tuple[dict[str, Any], int]]]:
    data = reader.get_metrics_data()
    assert data is not None
    metrics = data.resource_metrics[0].scope_metrics[0].metrics
    return {each.name: [(dict(point.attributes), point.value) for point in each.data.data_points] for each in metrics}


def test_who_waits_for_a_release_of_flags_sees_it_arrive(world: World, flagged: Flagged, made: FlagProvider) -> None:
    world.deploy()
    handle = world.watch()
    url = "http://127.0.0.1:1/configz"

    def ask(_: Endpoint) -> Any:
        return get(endpoints(handle, flags=made), "/ops/configz").json()

    newer = Endpoint(STREAM, url, "127.0.0.1", flagged.release({"a": flag("off")}))
    assert [each.state for each in wait([newer], 0.1, ask=ask)] == ["behind"]
    made.live.refresh()
    assert [each.state for each in wait([newer], 5, ask=ask)] == ["arrived"]
    bad = Endpoint(STREAM, url, "127.0.0.1", flagged.release({"a": flag("off", owner="no key of flagd")}))
    made.live.refresh()
    (arrival,) = wait([bad], 5, ask=ask)
    assert (arrival.state, "'a'" in arrival.detail) == ("refused", True)
    own = Endpoint("kitchen", url, "127.0.0.1", handle.status.digest)
    assert [each.state for each in wait([own], 5, ask=ask)] == ["arrived"]


def test_a_configuration_is_loaded_without_the_libraries_of_flags() -> None:
    program = "import sys; from terrace.runtime import watch; print([m for m in sys.modules if 'openfeature' in m])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[]\n"


def test_flags_are_evaluated_without_the_libraries_of_configurations_and_of_a_store(flagged: Flagged) -> None:
    program = (
        "import sys; from terrace.runtime.flags import provider; made = provider(); "
        "made.resolve_boolean_details('a', False); print([m for m in ('pydantic', 'sqlite3') if m in sys.modules])"
    )
    flagged.release({"a": flag("on")})
    said = subprocess.check_output([sys.executable, "-c", program], text=True, env={**os.environ, **flagged.environ})
    assert said == "[]\n"


_FORKING = """
import os, sys, time
from openfeature import api
from terrace.runtime.flags import provider

made = provider()
api.set_provider_and_wait(made)
client = api.get_client()
while made.status.reloads < 3:
    time.sleep(0.001)
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        while client.get_string_value("b", "") != "last":
            time.sleep(0.005)
        os._exit(0)
    children.append(child)
print("forked", flush=True)
sys.exit(len([child for child in children if os.waitpid(child, 0)[1] != 0]))
"""


def test_processes_forked_in_the_midst_of_releases_follow_by_themselves(flagged: Flagged, tmp_path: Path) -> None:
    flagged.release({"b": valued("0")})
    environ = {**os.environ, **flagged.environ}
    command = [sys.executable, "-W", "ignore", "-c", _FORKING]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        for number in range(1, 2000):
            flagged.release({"b": valued(str(number)), **{f"more-{i}": flag() for i in range(200)}})
            if process.stdout.readline() == "forked\n":
                break
        flagged.release({"b": valued("last")})
        assert process.wait(60) == 0
