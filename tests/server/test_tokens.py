"""Tokens: made once, kept as digests, replaced with an overlap, and over when they are."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from terrace import cli
from terrace.errors import TerraceError
from terrace.server import tokens
from terrace.server.callers import LocalOnly, TokenFile
from terrace.server.tokens import Scopes

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ALL = Scopes(("*",), ("*",), ("*",), ("read",))
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `terrace tokens ...` on one file, and gives what it printed."""

    def command(*argv: str, code: int = 0) -> str:
        ended = cli.run(["tokens", *argv, "--tokens", str(tmp_path / "tokens.yaml")])
        out, err = capsys.readouterr()
        assert ended == code, err + out
        return out if code == 0 else err

    return command


def caller(path: Path, token: str) -> str:
    found = TokenFile(path).caller(f"Bearer {token}", "192.0.2.1", "any")
    return found.name if found else ""


def test_a_token_opens_and_its_file_does_not_hold_it(run: Run, tmp_path: Path) -> None:
    token = run("create", "--name", "till of acme", "--tenant", "acme", "--env", "production").strip()
    path = tmp_path / "tokens.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token.split("_", 2)[2] not in path.read_text()
    (kept,) = tokens.read(path)
    assert kept.scopes == Scopes(("production",), ("*",), ("acme",), ("read",))
    assert kept.expires - kept.created == timedelta(days=90)
    assert caller(path, token) == f"till of acme ({kept.id})"
    assert caller(path, token[:-1] + ("A" if token[-1] != "A" else "B")) == ""
    assert caller(path, "") == ""
    assert TokenFile(path).caller(f"Basic {token}", "192.0.2.1", "any") is None


def test_tokens_are_listed_and_taken_back(run: Run, tmp_path: Path) -> None:
    token = run("create", "--name", "billing", "--tenant", "", "--may", "read", "--may", "secrets").strip()
    listed = json.loads(run("list", "--format", "json"))["tokens"]
    assert [(each["name"], each["tenants"], each["may"]) for each in listed] == [("billing", [""], ["read", "secrets"])]
    assert "billing" in run("list")
    assert "(none)" in run("list")
    assert token not in run("list", "--format", "json")
    run("revoke", listed[0]["id"])
    assert caller(tmp_path / "tokens.yaml", token) == ""
    assert run("list") == "There is no token.\n"
    assert "there is no token 'abc'" in run("revoke", "abc", code=2)


def test_a_token_that_is_replaced_stays_good_for_a_while(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "tokens.yaml"
    old = json.loads(run("create", "--name", "till", "--tenant", "acme", "--format", "json"))
    new = json.loads(run("create", "--replaces", old["id"], "--overlap", "2", "--format", "json"))
    assert (new["name"], new["tenants"]) == ("till", ["acme"])
    assert caller(path, old["token"])
    assert caller(path, new["token"])
    kept = {each.id: each for each in tokens.read(path)}
    assert timedelta(days=1.9) < kept[old["id"]].expires - datetime.now(UTC) <= timedelta(days=2)
    run("create", "--replaces", new["id"], "--overlap", "0")
    assert not caller(path, new["token"])
    assert "leave --env" in run("create", "--replaces", old["id"], "--env", "production", code=2)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (["create"], "nothing says whose token it is"),
        (["create", "--name", "x", "--may", "fly"], "may 'fly', which is nothing"),
        (["create", "--name", "x", "--days", "0"], "--days is above 0"),
    ],
)
def test_what_makes_no_token_is_said(run: Run, tmp_path: Path, said: list[str], message: str) -> None:
    assert message in run(*said, code=2)
    assert not (tmp_path / "tokens.yaml").exists()


def test_a_token_that_is_over_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tokens.yaml"
    over, kept = tokens.new("over", ALL, now=datetime.now(UTC) - timedelta(days=2), days=1)
    good, other = tokens.new("good", ALL, now=datetime.now(UTC), days=1)
    tokens.write(path, [kept, other])
    assert [bool(caller(path, each)) for each in (over, good)] == [False, True]


def test_a_file_that_changes_is_read_again_and_one_that_is_wrong_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "tokens.yaml"
    first, kept = tokens.new("first", ALL, now=datetime.now(UTC), days=1)
    second, more = tokens.new("second", ALL, now=datetime.now(UTC), days=1)
    tokens.write(path, [kept])
    callers = TokenFile(path)
    assert callers.caller(f"Bearer {second}", "", "") is None
    tokens.write(path, [kept, more])
    assert callers.caller(f"Bearer {second}", "", "") is not None
    path.write_text("tokens: what?\n")
    assert callers.caller(f"Bearer {first}", "", "") is not None
    tokens.write(path, [more])
    assert callers.caller(f"Bearer {first}", "", "") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tokens: {}\n", "holds no list of `tokens`"),
        ("tokens: [a]\n", "token 1 is not a map"),
        ("tokens: [{id: abcdefgh}]\n", "`name` is missing"),
        ("- [\n", "tokens.yaml: "),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "tokens.yaml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(TerraceError, match=message):
        tokens.read(path)


@pytest.mark.parametrize(
    "change", [{"extra": "x"}, {"may": ["fly"]}, {"sha256": "00"}, {"tenants": []}, {"expires": "now"}]
)
def test_no_part_of_a_kept_token_may_be_wrong(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "tokens.yaml"
    right = {
        "id": "abcdefgh", "name": "x", "sha256": "0" * 64, "environments": ["*"], "services": ["*"],
        "tenants": ["*"], "may": ["read"], "created": "2026-11-24T09:30:00Z", "expires": "2027-11-24T09:30:00Z",
    }  # fmt: skip
    path.write_text(json.dumps({"tokens": [right]}))
    path.chmod(0o600)
    assert len(tokens.read(path)) == 1
    path.write_text(json.dumps({"tokens": [{**right, **change}]}))
    with pytest.raises(TerraceError, match="token 1"):
        tokens.read(path)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.yaml"
    tokens.write(path, [])
    path.chmod(0o640)
    with pytest.raises(TerraceError, match="others than its owner") as caught:
        TokenFile(path)
    assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize(
    ("client", "host", "authorization", "admitted"),
    [
        ("127.0.0.1", "localhost:8080", "", True),
        ("::1", "[::1]:8080", "", True),
        ("127.0.0.1", "evil.test", "", False),
        ("192.0.2.7", "localhost", "", False),
        ("", "localhost", "", False),
        ("127.0.0.1", "localhost", "Bearer trc_x", False),
    ],
)
def test_without_tokens_only_this_machine_is_answered_under_its_own_names(
    client: str, host: str, authorization: str, admitted: bool
) -> None:
    assert (LocalOnly().caller(authorization, client, host) is not None) is admitted
