"""`terrace secrets audit`: records shown, exported byte for byte, and verified."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.secrets.conftest import Shop

RIVER = "river-of-january"


def log_file() -> Path:
    return Path(os.environ["HOME"]) / ".local/state/terrace/audit/access-000001.jsonl"


def opened(shop: Shop) -> None:
    shop.set("database.password", RIVER)
    for reason in ("one", "two", "three"):
        shop.get("database.password", "production", "--reason", reason)


def test_records_say_who_what_and_why(shop: Shop) -> None:
    opened(shop)
    ran = shop.run("secrets", "audit", "show")
    assert ran.code == 0
    assert all(word in ran.out for word in ("terrace secrets get", "database.password", "three"))
    assert RIVER not in ran.out
    last = shop.run("secrets", "audit", "show", "--last", "1", "--format", "json")
    assert [each["reason"] for each in json.loads(last.out)["records"]] == ["three"]
    assert shop.run("secrets", "audit", "show", "--file", "staging").out == "No record.\n"
    assert shop.run("secrets", "audit", "show", "--user", "nobody-at-all").out == "No record.\n"


def test_an_export_is_the_log_byte_for_byte(shop: Shop, tmp_path: Path) -> None:
    opened(shop)
    assert shop.run("secrets", "audit", "export").out.encode() == log_file().read_bytes()
    assert shop.run("secrets", "audit", "export", "-o", str(tmp_path / "out")).code == 0
    assert (tmp_path / "out").read_bytes() == log_file().read_bytes()


def test_an_untouched_log_verifies(shop: Shop) -> None:
    opened(shop)
    ran = shop.run("secrets", "audit", "verify")
    assert ran.code == 0
    assert ran.out.startswith("3 records: no change was found\n")


def test_an_edit_and_a_cut_up_to_an_anchor_are_found(shop: Shop, tmp_path: Path) -> None:
    opened(shop)
    whole = log_file().read_text()
    anchors = tmp_path / "anchors"
    anchors.write_text(shop.run("secrets", "audit", "verify").out)
    log_file().write_text(whole.replace('"reason":"two"', '"reason":"ten"'))
    assert shop.run("secrets", "audit", "verify").code == 1
    log_file().write_text("".join(whole.splitlines(keepends=True)[:-1]))
    assert shop.run("secrets", "audit", "verify").code == 0, "nothing shows a cut without an anchor"
    ran = shop.run("secrets", "audit", "verify", "--anchors", str(anchors), "--format", "json")
    assert ran.code == 1
    assert [each["kind"] for each in json.loads(ran.out)["problems"]] == ["truncated"]


def test_what_is_no_log_is_told(shop: Shop, tmp_path: Path) -> None:
    assert shop.run("secrets", "audit", "verify").code == 2
    opened(shop)
    (tmp_path / "empty").write_text("nothing\n")
    assert shop.run("secrets", "audit", "verify", "--anchors", str(tmp_path / "empty")).code == 2
    assert shop.run("secrets", "audit", "look").code == 2


@pytest.mark.parametrize("number", ["0", "-1"])
def test_no_records_are_not_asked_for(shop: Shop, number: str) -> None:
    opened(shop)
    assert shop.run("secrets", "audit", "show", "--last", number).code == 2


def test_a_forged_record_moves_no_cursor(shop: Shop) -> None:
    opened(shop)
    text = log_file().read_text().replace('"outcome":"opened"', '"outcome":"\\u001b[2Jgone"')
    log_file().write_text(text.replace('"time":"2', '"time":"\\u001b[2J2'))
    assert "\x1b" not in shop.run("secrets", "audit", "show").out


@pytest.mark.parametrize("name", ["access-000001.jsonl", "key"])
def test_a_fifo_in_the_log_stops_nobody_for_ever(shop: Shop, name: str) -> None:
    opened(shop)
    file = log_file().with_name(name)
    file.unlink()
    os.mkfifo(file, 0o600)
    assert shop.run("secrets", "get", "shop", "database.password", "--env", "production", "--yes").code == 3
    assert shop.run("secrets", "audit", "verify").code == 3
