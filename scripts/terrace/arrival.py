"""Whether a release has reached the processes that are to run it, as their own `/configz` says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from terrace.model.flag import STREAM

_ASKED_AGAIN = 0.2
_ANSWER_SECONDS = 3.0
_IN_A_ROW = 3
"""So often an address says it in turn: several workers may answer at one."""
_LARGEST = 1 << 20


class Endpoint(NamedTuple):
    """One address of one `/configz`, and the digest that is to run there."""

    service: str
    url: str
    address: str
    digest: str


class Arrival(NamedTuple):
    """What an endpoint said last. `state` is `arrived`, `refused`, `behind` or `unreachable`; `seconds` until then.

    `detail` says why, or what runs instead; `waiting` names the fields that wait for a restart.
    """

    endpoint: Endpoint
    state: str
    seconds: float
    detail: str = ""
    waiting: tuple[str, ...] = ()


Ask = Callable[[Endpoint], Mapping[str, Any]]


def endpoints(digests: Mapping[str, str], configz: Mapping[str, Sequence[str]]) -> list[Endpoint]:
    """Every endpoint of the services that have a digest; one for each address that a host name stands for."""
    found = []
    for service, digest in sorted(digests.items()):
        for url in configz.get(service, ()):
            found += [Endpoint(service, url, address, digest) for address in _addresses(url)]
    return found


def wait(
    wanted: Sequence[Endpoint], seconds: float, *, ask: Ask | None = None, clock: Callable[[], float] = time.monotonic
) -> list[Arrival]:
    """Ask every endpoint until each has the release or refused it, for so many seconds at most."""
    ask = ask or _ask
    begun = clock()
    last: dict[Endpoint, Arrival] = {}
    in_a_row = dict.fromkeys(wanted, 0)
    while True:
        for endpoint in wanted:
            if (endpoint in last and last[endpoint].state == "refused") or in_a_row[endpoint] == _IN_A_ROW:
                continue
            said = _said(endpoint, ask, clock() - begun)
            in_a_row[endpoint] = in_a_row[endpoint] + 1 if said.state == "arrived" else 0
            last[endpoint] = said
        settled = all(in_a_row[each] == _IN_A_ROW or last[each].state == "refused" for each in wanted)
        if settled or clock() - begun >= seconds:
            return [last[each] for each in wanted]
        time.sleep(_ASKED_AGAIN)


def _said(endpoint: Endpoint, ask: Ask, seconds: float) -> Arrival:
    try:
        told = ask(endpoint)
    except (OSError, ValueError) as error:
        return Arrival(endpoint, "unreachable", seconds, str(error) or type(error).__name__)
    if endpoint.service == STREAM:
        # A process tells of its flags beside its configuration; one without a configuration tells of nothing else.
        beside = told.get("flags")
        told = beside if isinstance(beside, dict) else told
    running = str(told.get("digest", ""))
    if running == endpoint.digest:
        waiting = told.get("waiting_for_restart")
        return Arrival(endpoint, "arrived", seconds, "", tuple(map(str, waiting)) if isinstance(waiting, list) else ())
    refused = told.get("refused")
    if isinstance(refused, dict) and refused.get("digest") == endpoint.digest:
        return Arrival(endpoint, "refused", seconds, str(refused.get("reason", "")))
    return Arrival(endpoint, "behind", seconds, f"runs {running[:19]}" if running else "tells no digest")


def _ask(endpoint: Endpoint) -> Mapping[str, Any]:
    """What one address answers. Raises `OSError` or `ValueError` where that is nothing to go by."""
    import http.client
    from urllib.parse import urlsplit

    parts = urlsplit(endpoint.url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(endpoint.address, parts.port or (443 if secure else 80), timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", parts.path or "/", headers={"Host": parts.netloc, "Accept": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise ValueError(f"answers {answer.status} {answer.reason}")
        told = json.loads(answer.read(_LARGEST))
    except http.client.HTTPException as error:
        raise ValueError(f"does not speak HTTP ({type(error).__name__})") from error
    finally:
        connection.close()
    return told if isinstance(told, dict) else {}


def _addresses(url: str) -> Iterator[str]:
    """The addresses of a host: of a headless service every one. Through TLS the name, which is what is proved."""
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        yield host
        return
    try:
        found = socket.getaddrinfo(host, parts.port or 80, type=socket.SOCK_STREAM)
    except OSError:
        yield host
        return
    yield from dict.fromkeys(str(each[4][0]) for each in found)
