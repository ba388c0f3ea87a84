"""The hook for PostgreSQL against a real server: no login in use is ever refused, none that is over is taken."""

from __future__ import annotations

import io
import json
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from terrace.errors import TerraceError
from terrace.secrets.hooks import postgresql as hook
from tests.secrets.postgresql import PostgreSQL
from tests.secrets.shop import CANARIES, Shop

pytestmark = pytest.mark.real

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SETUP = """
CREATE ROLE manager LOGIN CREATEROLE;
GRANT pg_signal_backend TO manager;
CREATE ROLE shop NOLOGIN;
SET ROLE manager;
CREATE ROLE shop_a NOLOGIN;
CREATE ROLE shop_b NOLOGIN;
RESET ROLE;
GRANT shop TO shop_a, shop_b;
ALTER ROLE shop_a SET role = shop;
ALTER ROLE shop_b SET role = shop;
GRANT CREATE ON SCHEMA public TO shop;
CREATE TABLE orders (number integer);
ALTER TABLE orders OWNER TO shop;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    try:
        server.sql(SETUP)
        yield server
    finally:
        server.stop()


@pytest.fixture
def shop(tmp_path: Path, server: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The shop, whose login is that of the server's role `shop_a`."""
    for name, value in {**server.admin, "PGUSER": "manager"}.items():
        monkeypatch.setenv(name, value)
    policy = "{hook: [python, -m, terrace.secrets.hooks.postgresql, --terminate]}"
    shop = Shop(tmp_path).begin(overrides=f"rotation: {{app.login: {policy}}}\n")
    told = {"phase": "replace", "current": shop.values["login"]["current"], "previous": None}
    hook.tell(told)
    server.sql("ALTER ROLE shop_b NOLOGIN PASSWORD NULL")
    return shop


def works(server: PostgreSQL, login: dict[str, str]) -> bool:
    return server.as_(login).returncode == 0


def test_a_rotation_refuses_nobody_who_holds_a_login_that_is_in_use(server: PostgreSQL, shop: Shop) -> None:
    deployed = dict(shop.values["login"]["current"])
    failed: list[str] = []
    logins = 0
    done = threading.Event()

    def application() -> None:
        nonlocal logins
        while not done.is_set():
            ended = server.as_(deployed, "INSERT INTO orders VALUES (1); SELECT current_user")
            logins += 1
            if ended.returncode or "shop\n" not in ended.stdout:
                failed.append(ended.stderr)

    thread = threading.Thread(target=application)
    thread.start()
    try:
        for turn in range(3):
            moment = NOW + timedelta(days=3 * turn)
            before = shop.values["login"]["current"]
            shop.rotate("login", moment)
            after = shop.values["login"]["current"]
            assert works(server, before)
            assert works(server, after)
            deployed = dict(after)
            seen = logins
            while logins < seen + 2:  # whoever began to log in as before has done it
                time.sleep(0.01)
            assert shop.revoke("login", moment + timedelta(days=2)).revoked
            assert not works(server, before)
            assert works(server, after)
    finally:
        done.set()
        thread.join()
    assert failed == []
    assert logins > 3


def test_what_belongs_to_the_application_stays_its_own_whichever_role_logs_in(server: PostgreSQL, shop: Shop) -> None:
    shop.rotate("login", NOW)
    login = shop.values["login"]["current"]
    assert login["user"] == "shop_b"
    ended = server.as_(
        login, "CREATE TABLE made_by_b (n integer); ALTER TABLE orders ADD COLUMN IF NOT EXISTS more text"
    )
    assert ended.returncode == 0, ended.stderr
    assert server.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'made_by_b'").stdout.strip() == "shop"
    server.sql("DROP TABLE made_by_b")


def test_sessions_of_a_role_that_is_revoked_are_ended(server: PostgreSQL, shop: Shop) -> None:
    session = server.session(shop.values["login"]["current"])
    assert session.stdin is not None
    assert session.stdout is not None
    session.stdin.write("SELECT current_user;\n")
    assert session.stdout.readline() == "shop\n"
    shop.rotate("login", NOW)
    session.stdin.write("SELECT 1;\n")
    assert session.stdout.readline() == "1\n", "within the overlap nobody is sent away"
    assert shop.revoke("login", NOW + timedelta(days=3)).revoked
    said = session.communicate("SELECT 1;\n")[0]
    assert "terminating connection" in said or "server closed the connection" in said


def test_the_server_never_sees_a_password(server: PostgreSQL, shop: Shop) -> None:
    shop.rotate("login", NOW)
    password = shop.values["login"]["current"]["password"]
    log = server.log.read_text()
    assert "ALTER ROLE" in log, "it logs every statement"
    assert password not in log
    assert CANARIES["login"] not in log
    assert server.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'shop_b'").stdout.startswith(
        "SCRAM-SHA-256$4096:"
    )


def test_a_role_that_is_not_there_stops_the_rotation(server: PostgreSQL, shop: Shop) -> None:
    server.sql("ALTER ROLE shop_b RENAME TO elsewhere")
    values = shop.values
    try:
        with pytest.raises(TerraceError) as error:
            shop.rotate("login", NOW)
    finally:
        server.sql("ALTER ROLE elsewhere RENAME TO shop_b")
    assert 'role "shop_b" does not exist' in error.value.hint
    assert shop.values == values
    assert shop.rotate("login", NOW).renewed


def test_a_password_alone_is_replaced(server: PostgreSQL, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {"phase": "replace", "current": 'it\'s-"new"-here', "previous": CANARIES["login"]}
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(told)))
    assert hook.main(["--role", "shop_a"]) == 0
    assert works(server, {"user": "shop_a", "password": told["current"]})
    assert not works(server, {"user": "shop_a", "password": CANARIES["login"]})
