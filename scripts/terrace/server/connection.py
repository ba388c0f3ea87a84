"""HTTP on a connection: uvicorn's fast parser, which by itself would keep headers without end."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 16 * 1024
"""Bytes that a request line and headers may have, beyond what arrives at once."""


class Protocol(HttpToolsProtocol):
    """A connection that ends when the headers of a request do not."""

    _waiting = False
    _head = 0

    def data_received(self, data: bytes) -> None:
        """Take up what arrived."""
        was_waiting = self._waiting
        super().data_received(data)
        self._head = self._head + len(data) if was_waiting and self._waiting else 0
        if self._head > LARGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The headers are too large.")

    def on_message_begin(self) -> None:
        """A request begins, and with it its headers."""
        self._waiting = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The headers are all there."""
        self._waiting = False
        super().on_headers_complete()
