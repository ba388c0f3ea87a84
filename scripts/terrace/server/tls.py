"""TLS of the server: its certificate, those of its callers, and new ones taken up while it serves."""

from __future__ import annotations

import asyncio
import logging
import ssl
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import TerraceError
from terrace.server import connection
from terrace.server.peers import STATE, peer
from terrace.server.reread import Reread

if TYPE_CHECKING:
    from collections.abc import Callable

    import uvicorn

log = logging.getLogger("terrace.server")


class Tls(NamedTuple):
    """Files in PEM: the server's certificate with those between it and its root, its key, and who signs callers'.

    Without `client_ca` no caller is asked for a certificate.
    """

    certificate: str
    key: str
    client_ca: str = ""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files."""
        return tuple(Path(each) for each in self if each)

    def context(self) -> ssl.SSLContext:
        """What a connection is made with, by what the files hold now. Raises `TerraceError` if that is not right."""
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.set_alpn_protocols(["http/1.1"])
        try:
            # A key with a passphrase would ask for it at a terminal, and there may be none.
            made.load_cert_chain(self.certificate, self.key, password=lambda: "")
        except (OSError, ValueError) as error:
            raise _not_right(f"{self.certificate} and {self.key}", error) from error
        if self.client_ca:
            _ask_for_certificates(made, self.client_ca)
        return made

    def following(self, _: uvicorn.Config, __: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        """A context that looks, at each new connection, whether the files have changed. Made in each worker."""
        files = Reread("certificate, key and client CA", self.paths, self.context)
        made = self.context()

        def newest(connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
            connection.context = files.now

        # Called for every connection, also for one that names no server.
        made.sni_callback = newest
        return made


def check(tls: Tls) -> None:
    """Raise `TerraceError` if the files are not right; warn of a key that everybody on this machine can read."""
    tls.context()
    if Path(tls.key).stat().st_mode & stat.S_IROTH:
        log.warning("everybody on this machine can read the key %s: chmod 600 it", tls.key)


class Protocol(connection.Protocol):
    """HTTP over connections whose peers' certificates are known to the requests on them."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Keep the peer with the connection."""
        super().connection_made(transport)
        secured = transport.get_extra_info("ssl_object")
        certificate = secured.getpeercert() if secured is not None else None
        self.app_state = {**self.app_state, STATE: peer(certificate)}


def _ask_for_certificates(context: ssl.SSLContext, client_ca: str) -> None:
    """A certificate that is shown must be right. Who shows none needs a token, and probes of health need neither."""
    try:
        context.load_verify_locations(client_ca)
    except (OSError, ValueError) as error:
        raise _not_right(client_ca, error) from error
    context.verify_mode = ssl.CERT_OPTIONAL
    # A session that is taken up again is not verified again, and before 1.3 there is no way to have none.
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0


def _not_right(files: str, error: Exception) -> TerraceError:
    why = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else ""
    if isinstance(error, ssl.SSLError):
        why = "they do not belong together" if "MISMATCH" in str(error.reason) else "not PEM, or not without passphrase"
    return TerraceError(
        f"cannot use {files}: {why or 'not PEM'}", hint="A certificate, its key without passphrase, and CAs, in PEM."
    )
