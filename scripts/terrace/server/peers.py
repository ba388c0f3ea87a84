"""Who is at the other end of a connection, by the certificate that it showed."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

STATE = "terrace.peer"
"""Where a request's `state` has the peer of its connection."""


class Peer(NamedTuple):
    """Names in a certificate that was verified, and until when it is good. Of a URI and DNS names the URI counts."""

    names: tuple[str, ...] = ()
    until: datetime = datetime.min.replace(tzinfo=UTC)


NOBODY = Peer()


def peer(certificate: Mapping[str, Any] | None) -> Peer:
    """The peer with a certificate, as `SSLObject.getpeercert` gives it: nothing in it where none was verified."""
    if not certificate:
        return NOBODY
    names = [(kind, name) for kind, name in certificate.get("subjectAltName", ()) if kind in ("URI", "DNS")]
    kind = "URI" if any(kind == "URI" for kind, _ in names) else "DNS"
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    return Peer(tuple(name for each, name in names if each == kind), until)
