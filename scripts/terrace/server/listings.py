"""What there is, for one caller: environments, tenants and releases, and nothing that is not this caller's."""

from __future__ import annotations

from typing import Any

from terrace.server.callers import Caller
from terrace.server.releases import releases as logged
from terrace.server.shelf import Served
from terrace.server.stand import Snapshot


def is_visible(snapshot: Snapshot, caller: Caller) -> bool:
    """Whether this caller can read any slice of a service in an environment."""
    return caller.reaches(*snapshot.key) and any(map(caller.has_tenant, snapshot.bundle.manifest.slices))


def environments(served: Served, caller: Caller) -> dict[str, Any]:
    """`environments`: each with its `name` and `services`."""
    found: dict[str, list[str]] = {}
    for key in sorted(served):
        if is_visible(served[key], caller):
            found.setdefault(key.environment, []).append(key.service)
    return {"environments": [{"name": name, "services": services} for name, services in found.items()]}


def tenants(served: Served, caller: Caller, environment: str, service: str) -> dict[str, Any]:
    """`tenants`: names, sorted; of one environment and one service, if these are not empty."""
    found: set[str] = set()
    for key, snapshot in served.items():
        if environment in ("", key.environment) and service in ("", key.service) and caller.reaches(*key):
            found.update(name for name in snapshot.bundle.manifest.slices if name and caller.has_tenant(name))
    return {"tenants": sorted(found)}


def releases(served: Served, caller: Caller, environment: str, limit: int) -> dict[str, Any] | None:
    """`environment` and its `releases`; None where this caller can read nothing of it."""
    seen = {key.service: snapshot for key, snapshot in served.items() if key.environment == environment}
    seen = {service: snapshot for service, snapshot in seen.items() if is_visible(snapshot, caller)}
    if not seen:
        return None
    found: list[dict[str, Any]] = []
    for release in logged(snapshot.root for snapshot in seen.values() if snapshot.root is not None):
        bundles = [bundle for bundle in release.bundles if bundle.service in seen]
        if bundles and len(found) < limit:
            found.append({
                "number": release.number,
                "time": release.time,
                "action": release.action,
                "actor": release.actor,
                "commit": release.commit,
                "reason": release.reason,
                "bundles": [{"service": bundle.service, "digest": bundle.digest} for bundle in bundles],
            })  # fmt: skip
    return {"environment": environment, "releases": found}
