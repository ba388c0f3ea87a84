"""A real Prometheus asks a real server and an application, and gets what the rules and the dashboard need."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import Any
from urllib.parse import quote

import pytest

from terrace.runtime.metrics import exposition
from terrace.runtime.status import Status
from tests.server.conftest import Shop, Tokens, eventually
from tests.server.observability.files import FOLDER, program, readable, shown
from tests.server.process import once, serving

STATUS = Status(
    "degraded", "backend", "production", "", "sha256:1", "c0ffee", "1.0.0", datetime.now(UTC) - timedelta(hours=2),
    None, ("database.host",), ("color",), {"debug": "DEBUG"}, (), 60.0, 2, 1,
)  # fmt: skip
BEGUN = {
    "TerraceDegraded", "TerraceReleaseRefused", "TerraceLastGoodCopyOld", "TerraceRestartWaiting",
    "TerraceOverriddenInProduction", "TerraceApplicationOlderThanContract",
}  # fmt: skip


class Application(BaseHTTPRequestHandler):
    """What an application tells that runs from an old copy."""

    def do_GET(self) -> None:
        status, media, body = exposition(lambda: STATUS)()
        self.send_response(status)
        self.send_header("Content-Type", media.decode())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Prometheus:
    """A server of Prometheus that runs."""

    def __init__(self, port: int) -> None:
        self._port = port

    def api(self, path: str) -> Any:
        """What its API answers."""
        got = once(self._port, f"/api/v1/{path}")
        assert got.status == 200, got.body
        return json.loads(got.body)["data"]

    def ask(self, expression: str) -> list[Any]:
        """The value of an expression now."""
        found: list[Any] = self.api(f"query?query={quote(expression)}")["result"]
        return found


@contextmanager
def application() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def prometheus(folder: Path, jobs: list[dict[str, Any]]) -> Iterator[Prometheus]:
    """A Prometheus that asks `jobs` each second, with our rules."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    often = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    said = {"global": often, "rule_files": [str(FOLDER / "alerts.yaml")], "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(json.dumps(said))
    command = [
        program("prometheus"), f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        eventually(lambda: process.poll() is not None or _is_ready(port), 60)
        assert process.poll() is None, (folder / "prometheus.log").read_text()
        yield Prometheus(port)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _is_ready(port: int) -> bool:
    try:
        return once(port, "/-/ready").status == 200
    except OSError:
        return False


@pytest.mark.real
def test_every_panel_shows_something_and_alerts_begin(shop: Shop, tokens_file: Tokens) -> None:
    shop.deploy()
    token = tokens_file.make("prometheus")
    with serving(shop, "--tokens", str(tokens_file.path)) as running, application() as port:
        jobs = [
            {"job_name": "backend", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]},
            {
                "job_name": "terrace",
                "authorization": {"credentials": token},
                "static_configs": [{"targets": [f"127.0.0.1:{running.port}"]}],
            },
        ]
        with prometheus(shop.folder, jobs) as asked:
            eventually(lambda: len(asked.ask("up == 1")) == 2, 60)
            assert once(running.port, "/v1/environments").status == 401
            shop.tamper(shop.seal({"pool_max": 11}))
            service = 'terrace_config_degraded{service="kitchen"} == 1'
            eventually(lambda: asked.ask(service), 60)
            # What never went wrong has no part that did.
            quiet = {readable(each) for each in shown() if "5.." in each}
            for expression in {readable(each) for each in shown()} - quiet:
                eventually(lambda expression=expression: asked.ask(expression), 60)
            eventually(
                lambda: {"TerraceDegraded", "TerraceReleaseRefused", "TerraceLastGoodCopyOld"} <= begun(asked), 60
            )
            assert begun(asked) >= {"TerraceRestartWaiting", "TerraceOverriddenInProduction"}
            assert begun(asked).isdisjoint({"TerraceFollowerStuck", "TerraceServerErrors"})
            rules = [rule for group in asked.api("rules")["groups"] for rule in group["rules"]]
            assert {rule["health"] for rule in rules} == {"ok"}


def begun(asked: Prometheus) -> set[str]:
    """The alerts that fire, or will if it goes on."""
    return {alert["labels"]["alertname"] for alert in asked.api("alerts")["alerts"]}
