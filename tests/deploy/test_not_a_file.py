"""Something else than a file where the destination keeps one: said at once, and never waited for."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from terrace.bundle import verify
from terrace.deploy.directory import DirectoryDestination
from terrace.errors import DestinationError

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("alarm")


def a_link(path: Path) -> None:
    """A link to a file that is elsewhere."""
    elsewhere = path.with_name("elsewhere")
    elsewhere.touch()
    path.symlink_to(elsewhere)


def a_socket(path: Path) -> None:
    """A socket that nobody listens at. Its address must be short, so it is bound from its folder."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


KINDS = [os.mkfifo, os.mkdir, a_socket, a_link]
NAMES = ["lock", "log.jsonl", "pending.json", "holds/backend-1.json"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_file_is_named(deploy: Any, build: Any, name: str, kind: Callable[[Path], None]) -> None:
    deploy(build({"a": 1}))
    path = deploy.destination.root / ".terrace" / name
    path.unlink(missing_ok=True)
    kind(path)
    with pytest.raises(DestinationError) as caught:
        deploy(build({"a": 2}))
    assert caught.value.hint
    assert name in caught.value.message
    assert path.is_symlink() or not path.is_file()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_log_is_named_by_those_who_only_look(deploy: Any, build: Any, kind: Callable[[Path], None]) -> None:
    deploy(build({"a": 1}))
    path = deploy.destination.root / ".terrace" / "log.jsonl"
    path.unlink()
    kind(path)
    with pytest.raises(DestinationError, match=r"cannot read the release log: .*log\.jsonl"):
        deploy.destination.releases()


def test_a_pipe_where_the_next_content_is_written_is_named(deploy: Any, build: Any) -> None:
    deploy(build({"a": 1}))
    os.mkfifo(deploy.destination.root / ".terrace" / "pending.json.new")
    with pytest.raises(DestinationError, match="cannot make the release current: something that is no file"):
        deploy(build({"a": 2}))


@pytest.mark.parametrize("kind", [os.mkfifo, os.mkdir, a_socket])
def test_what_is_no_manifest_is_no_bundle(build: Any, kind: Callable[[Path], None]) -> None:
    folder = build({"a": 1})
    (folder / "manifest.json").unlink()
    kind(folder / "manifest.json")
    assert len(verify(folder)) == 1


def test_a_file_where_the_destination_has_its_folder_is_named(tmp_path: Path, build: Any) -> None:
    root = tmp_path / "destination"
    root.mkdir()
    (root / ".terrace").touch()
    with pytest.raises(DestinationError, match="cannot set up the destination: a file lies in the place of a folder"):
        DirectoryDestination(root).deploy([build({"a": 1})], now=NOW, actor="ci")


@pytest.mark.parametrize("content", [b"my notes", b"{}", b"\x1f\x8b\x08", b'{"action": "deploy"', b"\n"])
def test_a_log_that_was_overwritten_is_damaged_and_kept(deploy: Any, build: Any, content: bytes) -> None:
    deploy(build({"a": 1}))
    path = deploy.destination.root / ".terrace" / "log.jsonl"
    path.write_bytes(content)
    for look in (deploy.destination.releases, lambda: deploy(build({"a": 2}))):
        with pytest.raises(DestinationError, match=r"log\.jsonl:1: the release log is damaged") as caught:
            look()
        assert "Restore the file" in caught.value.hint
    assert path.read_bytes() == content


@pytest.mark.parametrize("end", [b"some words", b"{", b'{"action":"dep', b"\0\0\0", b'{"action":"deploy"\0\0'])
def test_only_the_beginning_of_an_entry_is_a_torn_line(deploy: Any, build: Any, end: bytes) -> None:
    deploy(build({"a": 1}))
    path = deploy.destination.root / ".terrace" / "log.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + end)
    if end == b"some words":
        with pytest.raises(DestinationError, match=r"log\.jsonl:2: the release log is damaged"):
            deploy(build({"a": 2}))
        assert path.read_bytes() == whole + end
    else:
        deploy(build({"a": 2}))
        assert [release.number for release in deploy.destination.releases()] == [1, 2]
