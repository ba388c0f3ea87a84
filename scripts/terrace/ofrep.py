"""A server of flags, asked by OFREP: https://openfeature.dev/docs/reference/other-technologies/ofrep/"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

from terrace.errors import TerraceError, UsageError

SECONDS = 10
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Server:
    """One server. A token goes only to it: redirections are not followed, and nothing is sent in the open."""

    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise UsageError(f"{url!r} is no address of a server", hint="As http://127.0.0.1:8016")
        if token and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise UsageError("a token is not sent without encryption", hint=f"Use https://{parts.netloc}")
        self._parts = parts
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token.strip()}"

    def variant(self, key: str, context: Mapping[str, Any]) -> str | None:
        """The variant of a flag for a subject; None where it does not know the flag, or gives none."""
        status, answer = self._asked(key, context)
        if status in (401, 403):
            raise TerraceError(f"{self._parts.netloc} lets nobody in: {status}", hint="Put a token into TERRACE_TOKEN.")
        if status not in (200, 400, 404):
            raise TerraceError(f"{self._parts.netloc} answers {status}", hint="Is it a server of OFREP?")
        found = answer.get("variant") if status == 200 and isinstance(answer, dict) else None
        return found if isinstance(found, str) and found else None

    def _asked(self, key: str, context: Mapping[str, Any]) -> tuple[int, Any]:
        parts = self._parts
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
        path = f"{parts.path.rstrip('/')}/ofrep/v1/evaluate/flags/{quote(key, safe='')}"
        try:
            connection.request("POST", path, json.dumps({"context": dict(context)}).encode(), self._headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read(1 << 20) or b"null")
        except (OSError, HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise TerraceError(f"{parts.netloc} cannot be asked: {why}") from error
        except ValueError:
            return response.status, None
        finally:
            connection.close()
