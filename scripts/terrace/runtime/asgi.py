"""What a process says of its configuration over HTTP: small ASGI applications to mount into one's own.

    app.mount("/ops", endpoints(handle))        # FastAPI, Starlette, or anything else that speaks ASGI

    GET /ops/livez      200 while the process answers at all: a bad configuration never restarts a good process
    GET /ops/readyz     200 once a configuration is loaded; what runs, and whether something newer was refused
    GET /ops/configz    the same with all details: what waits for a restart, what variables override, by name
    GET /ops/metrics    the same as Prometheus metrics, if `metrics=True` (needs the extra `metrics`)

With `flags=` they tell of the flags, too, by the name `flags`; an application without a configuration gives the
provider of its flags in the handle's place. No answer holds a value of the configuration, nor of a flag.
`docs/loader.md` shows each.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol, TypeAlias

import orjson

from terrace.runtime.status import Status

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGI: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class Told(Protocol):
    """What says how it is: a `Handle`, or the provider of flags."""

    @property
    def status(self) -> Status: ...


Handles: TypeAlias = Told | Callable[[], Told | None]
_JSON = b"application/json"


def endpoints(handle: Handles, *, metrics: bool = False, flags: Handles | None = None) -> ASGI:
    """An ASGI application that answers `/livez`, `/readyz` and `/configz` below where it is mounted, and `/metrics` if
    asked for. `handle` and `flags` may be functions that give them, or None while nothing is loaded yet.

    Raises `ImportError` where `metrics` are asked for, and the extra of that name is not installed.
    """
    pages: dict[str, Callable[[], tuple[int, bytes, bytes]]] = {
        "livez": lambda: (200, _JSON, b'{"alive":true}'),
        "readyz": lambda: _ready(_status(handle), _now(flags)),
        "configz": lambda: _configz(_status(handle), _now(flags)),
    }
    if metrics:
        from terrace.runtime.metrics import exposition

        pages["metrics"] = exposition(lambda: _status(handle), lambda: _now(flags))

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            name = scope["path"].rstrip("/").rpartition("/")[2]
            if name not in pages:
                await _answer(send, scope, 404, _JSON, b'{"error":"there is nothing here"}')
            elif scope["method"] not in ("GET", "HEAD"):
                await _answer(send, scope, 405, _JSON, b'{"error":"GET is all there is"}')
            else:
                await _answer(send, scope, *pages[name]())

    return application


def _status(handle: Handles) -> Status | None:
    found = _now(handle)
    return found.status if found is not None else None


def _now(told: Handles | None) -> Told | None:
    return told() if callable(told) else told


def _ready(status: Status | None, flags: Told | None) -> tuple[int, bytes, bytes]:
    if status is None:
        return 503, _JSON, b'{"ready":false,"state":"nothing is loaded yet"}'
    return 200, _JSON, orjson.dumps({"ready": True, **_brief(status), **_beside(flags, _brief)})


def _configz(status: Status | None, flags: Told | None) -> tuple[int, bytes, bytes]:
    if status is None:
        return 503, _JSON, b'{"state":"nothing is loaded yet"}'
    return 200, _JSON, orjson.dumps({**described(status), **_beside(flags, described)})


def _brief(status: Status) -> dict[str, Any]:
    told = described(status)
    return {name: told[name] for name in ("state", "digest", "commit", "since", "refused")}


def _beside(flags: Told | None, told: Callable[[Status], dict[str, Any]]) -> dict[str, Any]:
    return {} if flags is None else {"flags": told(flags.status)}


def described(status: Status) -> dict[str, Any]:
    """`status` as JSON can hold it: names and digests, no values."""
    refused = status.refused
    return {
        "state": status.state,
        "service": status.service,
        "environment": status.environment,
        "tenant": status.tenant or None,
        "digest": status.digest,
        "commit": status.commit or None,
        "contract": status.contract or None,
        "since": status.since.isoformat(timespec="seconds"),
        "refused": refused and {
            "digest": refused.digest or None,
            "reason": refused.summary,
            "paths": list(refused.paths),
            "since": refused.since.isoformat(timespec="seconds"),
        },
        "waiting_for_restart": list(status.waiting),
        "unknown_to_this_version": list(status.unknown),
        "overridden": dict(status.overridden),
        "notices": list(status.noticed),
        "last_good_copy_age_seconds": status.age,
        "reloads": status.reloads,
        "refusals": status.refusals,
    }  # fmt: skip


async def _answer(send: Send, scope: Scope, status: int, kind: bytes, body: bytes) -> None:
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
