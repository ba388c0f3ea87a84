"""Records sent on to a real socket, each with the head that it makes."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from terrace.audit import Log, Syslog, anchors_in
from terrace.errors import AuditError
from tests.audit.openings import OPENING, SECRET, fill

# RFC 5424: priority and version, time, host, application, process, message id, structured data, text.
FORM = re.compile(r"<85>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (\S+) terrace (\d+) opening (\[[^\]]+\]) \ufeff(.*)")


@contextmanager
def server(family: int, address: str | tuple[str, int]) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_DGRAM) as listening:
        listening.settimeout(10)
        listening.bind(address)
        yield listening


def test_each_record_reaches_the_unix_socket_with_its_head(folder: Path, tmp_path: Path) -> None:
    with server(socket.AF_UNIX, str(tmp_path / "log")) as listening:
        log = Log(folder, sinks=[Syslog(str(tmp_path / "log"))])
        for number in (1, 2):
            written = log.record(OPENING, {("a",): SECRET, ("b",): SECRET})
            text = listening.recv(65536).decode()
            found = FORM.fullmatch(text)
            assert found
            assert list(anchors_in(text)) == [written.head]
            assert written.head
            assert written.head.sequence == number
            said = "ada opened environments/production/backend.secrets.yaml (2 values) with terrace show: incident 7"
            assert found[5] == said
            assert SECRET not in text


def test_what_syslog_kept_shows_that_the_log_was_cut(folder: Path, tmp_path: Path) -> None:
    with server(socket.AF_UNIX, str(tmp_path / "log")) as listening:
        log = Log(folder, sinks=[Syslog(str(tmp_path / "log"))])
        fill(log, 3)
        kept = "\n".join(listening.recv(65536).decode() for _ in range(3))
    path = folder / "access-000001.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    (problem,) = log.verify(anchors_in(kept)).problems
    assert problem.kind == "truncated"


def test_a_server_on_the_network_is_told_by_udp(folder: Path) -> None:
    with server(socket.AF_INET, ("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        written = Log(folder, sinks=[Syslog(f"udp://127.0.0.1:{port}")]).record(OPENING, {})
        assert list(anchors_in(listening.recv(65536).decode())) == [written.head]


def test_a_server_that_is_not_there_is_reported_and_stops_nobody(folder: Path, tmp_path: Path) -> None:
    written = Log(folder, sinks=[Syslog(str(tmp_path / "nobody"))]).record(OPENING, {})
    assert written.head is not None
    assert written.problem.startswith("the audit log's record 1 was not sent on")


def test_a_reason_cannot_forge_a_line_of_syslog(folder: Path, tmp_path: Path) -> None:
    with server(socket.AF_UNIX, str(tmp_path / "log")) as listening:
        forged = 'x\n<85>1 [terrace@32473 key="0123456789abcdef"]'
        Log(folder, sinks=[Syslog(str(tmp_path / "log"))]).record(OPENING._replace(reason=forged), {})
        assert b"\n" not in listening.recv(65536)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(AuditError, match="no syslog address"):
        Syslog("tcp://logs:514")
