"""A small document of a provider, got over HTTPS: no redirect is followed, and neither size nor time is the provider's
to choose."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import SplitResult, urlencode, urlsplit

from terrace.errors import TerraceError

LARGEST = 256 * 1024
SECONDS = 5.0


def is_allowed(url: str, *, loopback: bool) -> bool:
    """Whether `url` may be asked: https, or with `loopback` http on this machine; no user, no fragment."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.password is not None or "#" in url:
        return False
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and loopback and is_here(url))


def is_here(url: str) -> bool:
    """Whether `url` is of this machine, by its own names."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def get(
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    ca_file: str = "",
    loopback: bool = False,
    seconds: float = SECONDS,
) -> bytes:
    """The body of what stands there, or of the answer to `form`.

    Raises `TerraceError`, without a word of what was sent or answered.
    """
    if not is_allowed(url, loopback=loopback):
        raise TerraceError(f"{url} is not asked: only https, and no user in it")
    parts = urlsplit(url)
    try:
        connection = _connection(parts, ca_file, seconds)
        try:
            return _body(connection, parts, _Request(form, headers or {}), seconds)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TerraceError(f"{url} cannot be had: {type(error).__name__}") from error


class _Request(NamedTuple):
    form: Mapping[str, str] | None
    headers: Mapping[str, str]

    def send(self, connection: http.client.HTTPConnection, path: str) -> None:
        headers = {"Accept": "application/json", "User-Agent": "terrace", **self.headers}
        if self.form is None:
            connection.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST", path, urlencode(self.form), headers)


def _connection(parts: SplitResult, ca_file: str, seconds: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=seconds)
    context = ssl.create_default_context(cafile=ca_file or None)
    return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)


def _body(connection: http.client.HTTPConnection, parts: SplitResult, request: _Request, seconds: float) -> bytes:
    connection.connect()
    # A time-out of the socket begins anew with each byte; this one does not. The response may keep the socket alone.
    watch = threading.Timer(seconds, _end, [connection.sock])
    watch.daemon = True
    watch.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request.send(connection, path)
        response = connection.getresponse()
        if response.status != 200:
            raise TerraceError(f"{parts.geturl()} answered {response.status}")
        body = response.read(LARGEST + 1)
    finally:
        watch.cancel()
    if len(body) > LARGEST:
        raise TerraceError(f"{parts.geturl()} answered with more than {LARGEST} bytes")
    # What was cut off would be read as a short answer.
    if response.length:
        raise TerraceError(f"{parts.geturl()} did not answer to its end")
    return body


def _end(connected: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)
