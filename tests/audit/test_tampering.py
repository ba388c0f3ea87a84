"""Whatever is done to the files of a log is found, up to the last anchored head."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from terrace.audit import Anchor, Log
from terrace.audit.record import FIRST
from terrace.errors import AuditError
from tests.audit.openings import OPENING, fill

RECORDS = 14


@pytest.fixture
def whole(log: Log) -> Anchor:
    """A log of several parts; its head."""
    fill(log, RECORDS)
    head = log.anchor()
    assert head is not None
    return head


def parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("access-*.jsonl"))


def kinds(log: Log, *anchors: Anchor) -> set[str]:
    return {problem.kind for problem in log.verify(anchors).problems}


def change(path: Path, how: Callable[[list[bytes]], list[bytes]]) -> None:
    path.write_bytes(b"".join(how(path.read_bytes().splitlines(keepends=True))))


@pytest.mark.parametrize("seed", range(60))
def test_any_changed_byte_is_found_at_its_line(log: Log, folder: Path, whole: Anchor, seed: int) -> None:
    luck = random.Random(seed)
    path = luck.choice(parts(folder))
    data = bytearray(path.read_bytes())
    at = luck.randrange(len(data))
    data[at] ^= luck.randrange(1, 256)
    path.write_bytes(data)
    found = log.verify([whole]).problems
    assert found
    line = bytes(data[:at]).count(b"\n") + 1
    assert any(problem.file == path.name and problem.line in (line, 0) for problem in found)


@pytest.mark.parametrize("seed", range(60))
def test_any_mixture_of_the_lines_but_the_right_one_is_found(log: Log, folder: Path, whole: Anchor, seed: int) -> None:
    luck = random.Random(seed)
    path = luck.choice(parts(folder))
    before = path.read_bytes()
    lines = before.splitlines(keepends=True)
    while (now := b"".join(lines)) == before:
        act = luck.choice(["swap", "drop", "repeat", "garbage"])
        one, other = luck.randrange(len(lines)), luck.randrange(len(lines))
        if act == "swap":
            lines[one], lines[other] = lines[other], lines[one]
        elif act == "drop" and len(lines) > 1:
            del lines[one]
        elif act == "repeat":
            lines.insert(one, lines[other])
        elif act == "garbage":
            lines.insert(one, b"{}\n")
    path.write_bytes(now)
    assert not log.verify([whole]).ok


def test_an_edited_line_is_told_with_file_and_line_and_nothing_else(log: Log, folder: Path, whole: Anchor) -> None:
    change(parts(folder)[1], lambda lines: [lines[0], lines[1].replace(b"ada", b"eve"), *lines[2:]])
    (problem,) = log.verify([whole]).problems
    assert (problem.kind, problem.line) == ("edited", 2)
    assert str(problem) == "access-000002.jsonl:2: not as it was written: the seal does not fit"


def test_swapped_lines_are_told(log: Log, folder: Path, whole: Anchor) -> None:
    change(parts(folder)[0], lambda lines: [lines[1], lines[0], *lines[2:]])
    assert kinds(log, whole) == {"reordered", "removed"}
    assert all(problem.line in (1, 2) for problem in log.verify([whole]).problems)


def test_removed_lines_are_told_by_number(log: Log, folder: Path, whole: Anchor) -> None:
    change(parts(folder)[1], lambda lines: [lines[0], *lines[2:]])
    (problem,) = log.verify([whole]).problems
    assert problem.kind == "removed"
    assert "is missing before this line" in problem.message


def test_a_part_that_was_removed_is_named(log: Log, folder: Path, whole: Anchor) -> None:
    parts(folder)[1].unlink()
    found = log.verify([whole]).problems
    assert [problem.kind for problem in found] == ["removed", "removed"]
    assert found[0].message == "access-000002.jsonl is missing before this file"
    assert "records " in found[1].message


def test_the_first_part_that_was_removed_is_named_too(log: Log, folder: Path, whole: Anchor) -> None:
    parts(folder)[0].unlink()
    assert "access-000001.jsonl is missing" in log.verify([whole]).problems[0].message


def test_older_parts_may_be_archived_where_an_anchor_vouches_for_their_end(
    log: Log, folder: Path, whole: Anchor
) -> None:
    records = [record for record in log.read() if record.previous != FIRST]
    kept = parts(folder)[1].read_bytes()
    first = next(record for record in records if f'"mac":"{record.mac}"'.encode() in kept)
    parts(folder)[0].unlink()
    assert log.verify([Anchor(whole.key, first.sequence - 1, first.previous), whole]).ok


@pytest.mark.parametrize("left", [0, 1, 5, RECORDS - 1])
def test_a_cut_below_the_anchor_is_found(log: Log, folder: Path, whole: Anchor, left: int) -> None:
    for path in parts(folder):
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:left]))
        left -= min(left, len(lines))
    for path in parts(folder):
        if not path.stat().st_size:
            path.unlink()
    assert kinds(log, whole) == {"truncated"}


def test_a_cut_above_the_anchor_is_not_found_and_that_is_said(log: Log, folder: Path, whole: Anchor) -> None:
    fill(log, 1)
    change(parts(folder)[-1], lambda lines: lines[:-1])
    assert log.verify([whole]).ok
    assert log.verify([]).unknown[0].startswith("No anchor was given")
    fill(log, 2)
    assert (
        log.verify([whole]).unknown[0] == "Records after 14, the last anchored one, may have been cut off at the end."
    )


def test_a_log_replaced_by_an_older_copy_that_went_on_is_found(log: Log, folder: Path) -> None:
    fill(log, 2)
    copy = {path: path.read_bytes() for path in parts(folder)}
    fill(log, 2)
    head = log.anchor()
    assert head is not None
    for path in parts(folder):
        path.unlink()
    for path, data in copy.items():
        path.write_bytes(data)
    fill(log, 5)
    assert log.verify().ok
    assert kinds(log, head) == {"other-head"}


def test_lines_of_another_copy_do_not_pass_for_ours(log: Log, folder: Path) -> None:
    fill(log, 2)
    path = parts(folder)[0]
    before = path.read_bytes()
    log.record(OPENING._replace(reason="first telling"), {})
    one = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(before)
    log.record(OPENING._replace(reason="second telling"), {})
    log.record(OPENING, {})
    lines = b"".join(each.read_bytes() for each in parts(folder)).splitlines(keepends=True)
    for each in parts(folder):
        each.unlink()
    path.write_bytes(b"".join([*lines[:2], one[2], lines[3]]))
    assert kinds(log) == {"other-head"}


def test_records_under_another_key_are_told_apart_from_edits(log: Log, folder: Path, tmp_path: Path) -> None:
    fill(log, 2)
    other = Log(tmp_path / "other")
    fill(other, 1)
    foreign = other.anchor()
    assert foreign is not None
    (folder / "key").write_bytes((tmp_path / "other" / "key").read_bytes())
    assert kinds(log) == {"other-key"}
    with pytest.raises(AuditError, match="written under another key"):
        fill(log, 1)


def test_anchors_of_another_log_are_counted_and_not_used(log: Log, whole: Anchor) -> None:
    found = log.verify([whole, Anchor("0" * 16, 999, "1" * 64)])
    assert found.ok
    assert found.unknown[0].startswith("1 of the anchors are of a log under another key")


def test_a_log_whose_end_was_forged_is_not_continued(log: Log, folder: Path, whole: Anchor) -> None:
    change(parts(folder)[-1], lambda lines: [*lines[:-1], lines[-1].replace(b"ada", b"eve")])
    with pytest.raises(AuditError, match="its last record is not as it was written"):
        fill(log, 1)
    with pytest.raises(AuditError, match="its last record is not as it was written"):
        log.anchor()
