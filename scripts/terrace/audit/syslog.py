"""The log's records sent on to syslog (RFC 5424), each with the head that it makes: anchors that are kept elsewhere."""

from __future__ import annotations

import socket

from terrace.audit.anchor import Anchor
from terrace.audit.record import Record
from terrace.errors import AuditError

_PRIORITY = 10 * 8 + 5
"""Facility `authpriv`, severity `notice`."""

_WAIT = 2.0
_LONGEST = 1000
"""A message is cut after so many characters; the whole record stands in the log."""


class Syslog:
    """A syslog server: `/dev/log` or another Unix socket by its path, or `udp://host:port`."""

    def __init__(self, address: str = "/dev/log") -> None:
        self.address = address
        if not address.startswith(("/", "udp://")):
            raise AuditError(
                f"{address!r} is no syslog address", hint="Give the path of a socket, as /dev/log, or udp://host:port."
            )

    def send(self, record: Record, head: Anchor) -> None:
        """Send one datagram. Raises `OSError` where nobody takes it; over UDP nobody says so."""
        data = message(record, head)
        if self.address.startswith("/"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unix:
                unix.settimeout(_WAIT)
                unix.connect(self.address)
                unix.send(data)
            return
        host, _, port = self.address.removeprefix("udp://").rpartition(":")
        family, kind, protocol, _, to = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as udp:
            udp.settimeout(_WAIT)
            udp.sendto(data, to)


def message(record: Record, head: Anchor) -> bytes:
    """The record in one line, behind its head as structured data."""
    opening = record.opening
    many = f"{len(record.values)} value{'' if len(record.values) == 1 else 's'}"
    said = f"{opening.who.user} {record.outcome} {opening.file} ({many}) with {opening.command or 'terrace'}"
    text = f"{said}: {opening.reason}" if opening.reason else said
    header = f"<{_PRIORITY}>1 {record.time} {_name(record.host)} terrace {record.pid} opening"
    return f"{header} {head} \ufeff{_line(text)}".encode()


def _name(host: str) -> str:
    return "".join(letter for letter in host if "!" <= letter <= "~")[:255] or "-"


def _line(text: str) -> str:
    """`text` without what could end a line of somebody's log file and begin a forged one."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:_LONGEST]
