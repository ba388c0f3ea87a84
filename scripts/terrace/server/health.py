"""How the server is: alive, ready, what it serves since when and what it refused, and numbers. No value, ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from terrace.server import following
from terrace.server.callers import Caller
from terrace.server.following import State
from terrace.server.shelf import Shelf
from terrace.server.stand import Stand
from terrace.server.tokens import stamp


def readyz(state: str, turning: State | None) -> dict[str, Any]:
    """Whether requests should come, and in short how the turning is if there is one."""
    return {"status": state} if turning is None else {"status": state, "following": following.brief(turning)}


def whole(state: str, turning: State | None) -> str:
    """`state`, or `degraded` where only the turning is."""
    return "degraded" if state == "ok" and turning is not None and turning["state"] == "degraded" else state


def configz(shelf: Shelf, caller: Caller, turning: State | None = None) -> dict[str, Any]:
    """What is served and what was refused, of that which `caller` may see."""
    health = shelf.health
    return {
        "status": whole(health.state, turning),
        "services": [
            _service(stand)
            for stand in health.stands
            if stand.snapshot and not stand.snapshot.flags and caller.reaches(*stand.snapshot.key)
        ],
        "flags": [
            _without_service(_service(stand))
            for stand in health.stands
            if stand.snapshot and stand.snapshot.flags and _sees_flags(caller, stand.snapshot.key.environment)
        ],
        **({} if turning is None else {"following": following.told(turning, caller)}),
    }


def metrics(
    shelf: Shelf, caller: Caller, responses: Mapping[int, int], waiting: int, turning: State | None = None
) -> str:
    """The numbers of this worker in the format of Prometheus."""
    lines = [
        *_family("terrace_server_responses_total", "counter", "Responses of this worker by status."),
        *(f'terrace_server_responses_total{{status="{status}"}} {n}' for status, n in sorted(responses.items())),
        *_family("terrace_server_waiting_requests", "gauge", "Long polls and streams that are open in this worker."),
        f"terrace_server_waiting_requests {waiting}",
    ]
    stands = [each for each in shelf.health.stands if each.snapshot and _sees(caller, each)]
    for name, kind, says, value in _FAMILIES:
        lines += _family(name, kind, says)
        lines += [f"{name}{{{_labels(stand)}}} {value(stand)}" for stand in stands]
    for name, kind, says, number in following.metrics(turning) if turning is not None else ():
        lines += [*_family(name, kind, says), f"{name} {number}"]
    return "\n".join(lines) + "\n"


_FAMILIES = (
    ("terrace_config_reloads_total", "counter", "Releases that were taken up.", lambda stand: stand.reloads),
    ("terrace_config_refusals_total", "counter", "Releases that were refused.", lambda stand: stand.refusals),
    (
        "terrace_config_degraded",
        "gauge",
        "1 while what is at the source is refused, or away.",
        lambda stand: int(stand.troubled),
    ),
    (
        "terrace_config_loaded_timestamp_seconds",
        "gauge",
        "When the release was taken up that is served.",
        lambda stand: round(stand.snapshot.since.timestamp(), 3),
    ),
)


def _sees(caller: Caller, stand: Stand) -> bool:
    now = stand.snapshot
    assert now is not None
    return _sees_flags(caller, now.key.environment) if now.flags else caller.reaches(*now.key)


def _sees_flags(caller: Caller, environment: str) -> bool:
    return caller.reads(environment) or caller.evaluates(environment)


def _without_service(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in ("service", "contract")}


def _family(name: str, kind: str, says: str) -> Iterator[str]:
    yield f"# HELP {name} {says}"
    yield f"# TYPE {name} {kind}"


def _labels(stand: Stand) -> str:
    assert stand.snapshot is not None
    key = stand.snapshot.key
    return f'environment="{_escaped(key.environment)}",service="{_escaped(key.service)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _service(stand: Stand) -> dict[str, Any]:
    now, refused = stand.snapshot, stand.refused
    assert now is not None
    return {
        "environment": now.key.environment,
        "service": now.key.service,
        "status": "degraded" if refused is not None else "ok",
        "digest": now.bundle.ref.digest,
        "commit": now.commit,
        "contract": now.bundle.manifest.schema_version,
        "since": stamp(now.since),
        "refused": None
        if refused is None
        else {"digest": refused.digest, "reason": refused.reason, "since": stamp(refused.since)},
        "reloads": stand.reloads,
        "refusals": stand.refusals,
    }
