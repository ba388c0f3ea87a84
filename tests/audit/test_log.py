"""Records as they are written: who, what, in which order, and never a value."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from terrace.audit import Anchor, Log, Written, anchors_in, default_folder, whoami
from terrace.errors import AuditError
from tests.audit.openings import OPENING, SECRET, fill


def test_a_record_says_who_when_where_why_and_what(folder: Path) -> None:
    now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    Log(folder, clock=lambda: now).record(OPENING, {("database", "password"): SECRET, ("tokens", 0): "t"})
    (line,) = Log(folder).export()
    raw = json.loads(line)
    assert raw["time"] == "2026-11-24T09:30:00.000000Z"
    assert (raw["user"], raw["uid"], raw["identity"]) == ("ada", 1000, "Ada <ada@harbourkitchen.com>")
    assert (raw["host"], raw["pid"]) == (os.uname().nodename, os.getpid())
    assert (raw["command"], raw["reason"], raw["commit"]) == ("terrace show", "incident 7", "0a1b2c3")
    assert raw["file"] == "environments/production/backend.secrets.yaml"
    assert list(raw["values"]) == ["database.password", "tokens[0]"]


def test_no_value_is_written_anywhere(log: Log, folder: Path) -> None:
    fill(log, 9)
    assert len(list(folder.iterdir())) > 4
    for path in folder.iterdir():
        assert SECRET.encode() not in path.read_bytes()


def test_equal_values_have_equal_fingerprints_and_another_key_gives_others(tmp_path: Path) -> None:
    marks = []
    for name in ("one", "other"):
        log = Log(tmp_path / name)
        log.record(OPENING, {("a",): SECRET, ("b",): SECRET, ("c",): SECRET + "!"})
        marks.append(next(log.read()).values)
    assert marks[0]["a"] == marks[0]["b"] != marks[0]["c"]
    assert marks[0]["a"] != marks[1]["a"]


def test_each_record_names_the_seal_of_the_one_before_also_across_parts(log: Log, folder: Path) -> None:
    fill(log, 12)
    records = list(log.read())
    assert [record.sequence for record in records] == list(range(1, 13))
    assert [record.previous for record in records[1:]] == [record.mac for record in records[:-1]]
    assert len(list(folder.glob("access-*.jsonl"))) >= 3
    assert log.verify([Anchor(records[-1].key, 12, records[-1].mac)]).problems == ()


def test_the_head_is_the_last_record(log: Log) -> None:
    assert log.record(OPENING, {}).head == log.anchor()
    fill(log, 5)
    head = log.anchor()
    assert head is not None
    assert head.sequence == 6
    assert list(anchors_in(f"Nov 24 host terrace: {head} and more\n")) == [head]


def test_key_and_log_are_for_their_owner_alone(log: Log, folder: Path) -> None:
    fill(log, 1)
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_that_others_can_read_is_refused(log: Log, folder: Path) -> None:
    fill(log, 1)
    (folder / "key").chmod(0o640)
    with pytest.raises(AuditError, match="can be read by others"):
        fill(log, 1)


def test_a_key_that_is_gone_is_not_replaced(log: Log, folder: Path) -> None:
    fill(log, 1)
    (folder / "key").unlink()
    with pytest.raises(AuditError, match="is gone"):
        fill(log, 1)
    assert not (folder / "key").exists()


def test_a_damaged_key_is_named(log: Log, folder: Path) -> None:
    fill(log, 1)
    (folder / "key").write_text("0123")
    with pytest.raises(AuditError, match="64 hexadecimal digits"):
        log.verify()


def test_log_and_key_may_not_lie_in_the_repository(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "repo")
    for inside in ({"folder": tmp_path / "repo" / "x"}, {"folder": tmp_path, "key": tmp_path / "link" / "key"}):
        with pytest.raises(AuditError, match="may not lie in the repository"):
            Log(**inside, repository=tmp_path / "repo")
    Log(tmp_path / "repository-next-to-it", repository=tmp_path / "repo")


def test_release_hands_values_out_after_their_record(log: Log) -> None:
    seen: list[int] = []

    def open_it() -> dict[tuple[str | int, ...], str]:
        seen.append(len(list(log.read())))
        return {("a",): SECRET}

    values, written = log.release(OPENING, open_it)
    assert values == {("a",): SECRET}
    assert isinstance(written, Written)
    assert seen == [0]
    assert [record.outcome for record in log.read()] == ["opened"]


def test_a_failed_opening_is_recorded_and_raised(log: Log) -> None:
    def open_it() -> dict[tuple[str | int, ...], str]:
        raise KeyError("no identity fits")

    with pytest.raises(KeyError):
        log.release(OPENING, open_it)
    assert [(record.outcome, dict(record.values)) for record in log.read()] == [("failed", {})]


def test_names_that_are_no_unicode_are_written_out(log: Log) -> None:
    odd = os.fsdecode(b"caf\xe9.secrets.yaml")
    log.record(OPENING._replace(file=odd, reason="line\nbreak"), {(odd,): odd})
    (record,) = log.read()
    assert record.opening.file == "caf\\udce9.secrets.yaml"
    assert log.verify().ok


def test_where_the_log_is_follows_the_environment() -> None:
    assert default_folder({"XDG_STATE_HOME": "/state", "HOME": "/h"}) == "/state/terrace/audit"
    assert default_folder({"XDG_STATE_HOME": "not/absolute", "HOME": "/h"}) == "/h/.local/state/terrace/audit"
    with pytest.raises(AuditError, match="neither XDG_STATE_HOME nor HOME"):
        default_folder({})


def test_the_user_is_the_one_that_the_process_runs_as() -> None:
    who = whoami("Ada <ada@x>")
    assert (who.uid, who.identity) == (os.getuid(), "Ada <ada@x>")
    assert who.user
