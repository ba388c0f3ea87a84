"""Flags changed over HTTP: by whom, at once by many, while the process is killed that does it; and webhooks."""

from __future__ import annotations

import hmac
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from terrace.server import tokens
from tests.git.conftest import Repo
from tests.server.conftest import eventually
from tests.server.counter import kitchen
from tests.server.process import Running
from tests.soak import rounds
from tests.toggle.conftest import alone

__all__ = ["alone"]
WRITERS = 50
MANY = "flags:\n" + "".join(
    f"""  flag-{number}:
    type: boolean
    owner: team-payments
    created: 2026-11-01
    permanent: true
    variants: {{on: true, off: false}}
    off_variant: off
    environments:
      staging: {{default: off}}
"""
    for number in range(WRITERS)
)


class Got(NamedTuple):
    """An answer."""

    status: int
    body: Any


class Office:
    """A repository, `terrace serve` that follows it, and tokens for it."""

    def __init__(self, folder: Path) -> None:
        self.repo = kitchen(folder / "kitchen", **{"flags/many.yaml": MANY})
        # So a branch is followed that no work tree has: a crash leaves nothing half done.
        self.repo.git("switch", "--quiet", "--detach")
        self.file, self.secret = folder / "tokens.yaml", folder / "secret"
        self.secret.write_text("a secret of the forge\n")
        self._kept: list[tokens.Token] = []
        self.running: Running

    def token(self, *may: str, tenants: tuple[str, ...] = ("*",), environments: tuple[str, ...] = ("*",)) -> str:
        """A new token."""
        scopes = tokens.Scopes(environments, ("*",), tenants, may)
        text, kept = tokens.new("Grace", scopes, now=datetime.now(UTC), days=1)
        self._kept.append(kept)
        tokens.write(self.file, self._kept)
        return text

    def ask(self, method: str, path: str, token: str = "", said: Any = None, **headers: str) -> Got:
        """One request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=120)
        body = said if isinstance(said, bytes) else None if said is None else json.dumps(said).encode()
        sent = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return Got(response.status, json.loads(data) if data else None)

    def follower(self) -> int:
        """The process that follows."""
        for each in Path("/proc").iterdir():
            try:
                words = (each / "cmdline").read_bytes().split(b"\0") if each.name.isdigit() else []
            except OSError:
                continue
            if b"terrace.server.turning" in words and any(os.fsencode(self.repo.path) in word for word in words):
                return int(each.name)
        return 0


@contextmanager
def served(office: Office, *options: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "terrace", "serve", "--repo", str(office.repo.path), "--follow", "main"]
    command += ["--env", "development", "--env", "staging", "--env", "production", "--port", "0", "--rate", "0"]
    command += ["--tokens", str(office.file), "--hook-secret", str(office.secret), "--no-access-log", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    office.running = Running(process)
    try:
        eventually(lambda: process.poll() is not None or (office.running.port and up(office)), 90)
        assert process.poll() is None, "".join(office.running.said)
        yield office.running
    finally:
        if process.poll() is None:
            office.running.stop()
        assert process.stderr is not None
        process.stderr.close()


def up(office: Office) -> bool:
    try:
        return office.ask("GET", "/readyz").status == 200
    except OSError:
        return False


@pytest.fixture
def office(tmp_path: Path) -> Office:
    found = Office(tmp_path)
    found.token("read")
    return found


def test_a_flag_is_changed_by_who_may_and_by_nobody_else(office: Office) -> None:
    path = "/v1/flags/staging/checkout-v2"
    writes = office.token("write", "flags")
    reads = office.token("flags")
    tenant = office.token("write", "flags", tenants=("acme",))
    elsewhere = office.token("write", "flags", environments=("development",))
    with served(office):
        shown = office.ask("GET", path, reads)
        assert (shown.status, shown.body["state"]) == (200, "absent")
        on = {"do": "on", "reason": "it is ready", "base": shown.body["commit"]}
        for token, status in ((reads, 403), (tenant, 403), (elsewhere, 403), ("", 401)):
            assert office.ask("POST", path, token, on).status == status
        assert office.ask("GET", path, tenant).status == 403
        assert office.ask("GET", path, elsewhere).status == 404
        form = office.ask("POST", path, writes, b"do=on", Content_Type="application/x-www-form-urlencoded")
        assert form.status == 415
        assert office.ask("POST", path, writes, {"do": "on", "zebra-4417": 1}).body["detail"] == (
            "Not well formed: the body."
        )
        done = office.ask("POST", path, writes, on)
        assert (done.status, done.body["released"]) == (200, True)
        asked = office.ask("POST", "/env/staging/ofrep/v1/evaluate/flags/checkout-v2", reads, {"context": {}})
        eventually(lambda: asked.body["value"] is True or office.ask("GET", path, reads).body["state"] == "on")
        conflict = office.ask("POST", path, writes, {**on, "do": "kill"})
        assert (conflict.status, conflict.body["commit"]) == (409, done.body["commit"])
        past = office.ask("GET", f"{path}/history", reads)
        assert past.body["commits"][0]["after"] == "on for everybody"
        assert past.body["commits"][0]["author"].startswith("Grace (")
        back = {"do": "restore", "revision": f"{done.body['commit']}^", "reason": "it was not"}
        assert office.ask("POST", path, writes, back).status == 200
        assert office.ask("GET", path, reads).body["state"] == "absent"
    lines = (office.repo.path / ".terrace/flags/flags.jsonl").read_text().splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == [
        "forbidden", "forbidden", "forbidden", "committed", "conflict", "committed",
    ]  # fmt: skip


def test_fifty_who_write_at_once_lose_nothing(office: Office) -> None:
    writes = office.token("write", "flags")
    base = office.repo.git("rev-parse", "main")
    with served(office, "--workers", "2"), ThreadPoolExecutor(WRITERS) as pool:

        def turn_on(number: int) -> Got:
            said = {"do": "set", "variant": "on", "base": base}
            return office.ask("POST", f"/v1/flags/staging/flag-{number}", writes, said)

        assert {got.status for got in pool.map(turn_on, range(WRITERS))} == {200}
        assert office.repo.git("show", "main:flags/many.yaml").count("{default: on}") == WRITERS
        assert int(office.repo.git("rev-list", "--count", f"{base}..main")) == WRITERS
        live = office.repo.path / ".terrace/releases/staging/_flags/..data/config.json"
        eventually(lambda: live.read_text().count('"defaultVariant":"on"') >= WRITERS)

        def kill(number: int) -> Got:
            said = {"do": "kill", "reason": f"writer {number}", "base": base}
            return office.ask("POST", "/v1/flags/staging/checkout-v2", writes, said)

        statuses = sorted(got.status for got in pool.map(kill, range(10)))
        assert statuses == [200, *[409] * 9], "of those who looked at the same, one is first"


def test_a_process_that_is_killed_while_flags_are_changed_loses_none_that_was_said_to_be_done(office: Office) -> None:
    writes = office.token("write")
    done: list[str] = []
    stop = threading.Event()
    with served(office):

        def write(number: int) -> None:
            on = False
            while not stop.is_set():
                on = not on
                said = {"do": "set", "variant": "on" if on else "off"}
                got = office.ask("POST", f"/v1/flags/staging/flag-{number}", writes, said)
                assert got.status in (200, 503), got
                if got.status == 200 and got.body["changed"]:
                    done.append(got.body["commit"])
                else:
                    time.sleep(0.05)

        with ThreadPoolExecutor(4) as pool:
            writing = [pool.submit(write, number) for number in range(4)]
            for _ in range(rounds(3)):
                before = len(done)
                eventually(lambda before=before: len(done) > before + 3, 90)
                os.kill(office.follower(), signal.SIGKILL)
            before = len(done)
            eventually(lambda: len(done) > before + 3, 90)
            stop.set()
            for each in writing:
                each.result()
        there = set(office.repo.git("rev-list", "main").split())
        assert set(done) <= there
        office.repo.git("fsck", "--strict")
        tip = office.repo.git("show", "main:flags/many.yaml").count("{default: on}")
        live = office.repo.path / ".terrace/releases/staging/_flags/..data/config.json"
        eventually(lambda: live.read_text().count('"defaultVariant":"on"') == tip)


def test_a_webhook_is_believed_if_it_is_signed_and_only_makes_the_server_look(office: Office) -> None:
    path, body = "/v1/hooks/git", b'{"ref": "refs/heads/main"}'
    secret = office.secret.read_bytes().strip()
    digest = hmac.new(secret, body, "sha256").hexdigest()
    with served(office):
        assert office.ask("POST", path, said=body, X_Hub_Signature_256=f"sha256={digest}").status == 202
        assert office.ask("POST", path, said=body, X_Gitea_Signature=digest).status == 202
        assert office.ask("POST", path, said=body, X_Gitlab_Token=secret.decode()).status == 202
        assert office.ask("POST", path, said=body + b" ", X_Gitea_Signature=digest).status == 401
        assert office.ask("POST", path, said=body, X_Gitlab_Token="a secret of nobody").status == 401
        assert office.ask("POST", path, said=body).status == 401
        large = b" " * (1024 * 1024 + 1)
        assert office.ask("POST", path, said=large, X_Gitea_Signature=digest).status == 413


def test_what_belongs_to_following_is_refused_without_it(tmp_path: Path) -> None:
    repo: Repo = kitchen(tmp_path / "kitchen")
    short = tmp_path / "short"
    short.write_text("short")
    for options, says in (
        (["--follow", "main", "--env", "staging", "--poll", "5"], "--follow origin/main"),
        (["--source", str(tmp_path), "--hook-secret", "x"], "belong to --follow"),
        (["--follow", "main", "--env", "staging", "--hook-secret", str(short)], "less than 16"),
    ):
        command = [sys.executable, "-m", "terrace", "serve", "--repo", str(repo.path), "--port", "0", *options]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert ended.returncode in (2, 3)
        assert says in ended.stderr
