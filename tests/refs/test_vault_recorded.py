"""Vault's HTTP interface as it was RECORDED from a server of version 1.14.1, for machines that have no real one.

`test_vault.py` asks a real server, and is what counts; this repeats the answers that it gave.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from terrace.errors import StoreError
from terrace.model.reference import Reference, parse
from terrace.refs.stores import UnavailableError, value_in
from terrace.refs.vault import Login, Vault

META = {"created_time": "2026-11-24T07:34:10.479839296Z", "custom_metadata": None, "deletion_time": "", "version": 1}
ANSWERS: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {
    ("GET", "/v1/secret/data/db"): (200, {"data": {"data": {"password": "correct-horse"}, "metadata": META}}),
    ("PUT", "/v1/secret/data/db"): (200, {"data": {**META, "version": 2}}),
    ("GET", "/v1/secret/data/none"): (404, {"errors": []}),
    ("GET", "/v1/secret/data/closed"): (403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}),
    ("GET", "/v1/secret/data/sealed"): (503, {"errors": ["Vault is sealed"]}),
    ("POST", "/v1/auth/approle/login"): (200, {"auth": {"client_token": "hvs.recorded", "lease_duration": 60}}),
}


class Recorded(BaseHTTPRequestHandler):
    """Gives the recorded answers, and keeps what it was asked."""

    asked: list[tuple[str, str, str, Any]]

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = self.headers.get("X-Vault-Token") or ""
        self.asked.append((self.command, self.path, token, json.loads(sent) if sent else None))
        method = "PUT" if self.command == "POST" and "/data/" in self.path else self.command
        status, said = ANSWERS[method, self.path]
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, str, str, Any]]]]:
    asked: list[tuple[str, str, str, Any]] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Keeping", (Recorded,), {"asked": asked})) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", asked
        listening.shutdown()


def ref(text: str) -> Reference:
    found = parse(text)
    assert isinstance(found, Reference)
    return found


def test_recorded_a_value_is_read_with_the_token(server: Any) -> None:
    address, asked = server
    password = ref("ref+vault://secret/data/db#/password")
    assert value_in(Vault(address, Login(token="t")).fetch(password), password) == "correct-horse"
    assert asked == [("GET", "/v1/secret/data/db", "t", None)]


def test_recorded_a_new_version_keeps_the_neighbours_and_names_the_one_before(server: Any) -> None:
    address, asked = server
    assert Vault(address, Login(token="t")).put(ref("ref+vault://secret/data/db#/user"), "app") == "2"
    data = {"password": "correct-horse", "user": "app"}
    assert asked[-1][3] == {"data": data, "options": {"cas": 1}}


def test_recorded_a_role_logs_in_once_for_several_questions(server: Any) -> None:
    address, asked = server
    store = Vault(address, Login("approle", role="r", secret="s"))
    for _ in range(2):
        store.fetch(ref("ref+vault://secret/data/db#/password"))
    assert [(method, path, token) for method, path, token, _ in asked] == [
        ("POST", "/v1/auth/approle/login", ""),
        ("GET", "/v1/secret/data/db", "hvs.recorded"),
        ("GET", "/v1/secret/data/db", "hvs.recorded"),
    ]


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("none", StoreError, "nothing at that path"),
        ("closed", StoreError, r"refuses access \(token\)"),
        ("sealed", UnavailableError, r"Vault failed \(VaultDown\)"),
    ],
)
def test_recorded_refusals_are_told(server: Any, path: str, kind: type[StoreError], said: str) -> None:
    with pytest.raises(kind, match=said):
        Vault(server[0], Login(token="t")).fetch(ref(f"ref+vault://secret/data/{path}#/a"))
