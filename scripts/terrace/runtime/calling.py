"""One question to a server over HTTP, with the token of this process, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from terrace.errors import BundleError, ConfigError
from terrace.runtime.source import AwayError

TOKEN, TOKEN_FILE = "TERRACE_TOKEN", "TERRACE_TOKEN_FILE"
_LARGEST = 256 << 20


class Answer(NamedTuple):
    """What the server said."""

    status: int
    tag: str
    body: bytes


def address(url: str) -> SplitResult:
    """The parts of a server's address. Raises `ConfigError` where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    web = parts.scheme in ("http", "https")
    if not web or not parts.hostname or parts.username is not None or parts.query:
        raise ConfigError(f"{url} is no address of a server", hint="As https://config.example.com")
    return parts


def ask(
    server: SplitResult,
    path: str,
    headers: Mapping[str, str],
    *,
    name: str,
    seconds: float,
    method: str = "GET",
    body: bytes | None = None,
) -> Answer:
    """What `server` answers within so many seconds. Raises `AwayError` where nobody answers; `name` is said then."""
    import http.client

    kind = http.client.HTTPSConnection if server.scheme == "https" else http.client.HTTPConnection
    connection = kind(server.hostname or "", server.port, timeout=seconds)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        data = answer.read(_LARGEST + 1)
    except (OSError, http.client.HTTPException) as error:
        raise AwayError(f"{name} does not answer: {error or type(error).__name__}") from error
    finally:
        connection.close()
    if len(data) > _LARGEST:
        raise BundleError(f"{name}: an answer of more than {_LARGEST:,} bytes is no part of a bundle")
    return Answer(answer.status, answer.getheader("ETag") or "", data)


def authorization(environ: Mapping[str, str]) -> dict[str, str]:
    """The header that says who this process is: its token as it is now. Empty where it has none."""
    file = environ.get(TOKEN_FILE, "")
    try:
        token = Path(file).read_text(encoding="ascii") if file else environ.get(TOKEN, "")
    except (OSError, ValueError) as error:
        raise ConfigError(f"the file that {TOKEN_FILE} names cannot be read: {file}") from error
    token = token.strip()
    if token and not token.isprintable():
        raise ConfigError(f"{TOKEN} holds characters that no token has")
    return {"Authorization": f"Bearer {token}"} if token else {}
