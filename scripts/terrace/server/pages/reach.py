"""What one caller reaches of what is served: the same as below /v1, and nothing from which more could be known."""

from __future__ import annotations

from typing import NamedTuple

from starlette.requests import Request

from terrace.errors import BundleError
from terrace.server import asked
from terrace.server.callers import Caller
from terrace.server.listings import is_visible
from terrace.server.pages.drawing import link
from terrace.server.problems import ProblemError, nothing
from terrace.server.shelf import Served
from terrace.server.slices import Question, Slices
from terrace.server.stand import Key, Snapshot

_KINDS = ("development", "test", "staging", "production")


class Target(NamedTuple):
    """A slice that the caller reaches. `tenant` is empty for none."""

    snapshot: Snapshot
    tenant: str

    @property
    def key(self) -> Key:
        """Its environment and service."""
        return self.snapshot.key


def caller_of(request: Request) -> Caller:
    """Who asks."""
    return asked.admitted(request).caller


def target(slices: Slices, caller: Caller, key: Key, tenant: str) -> Target:
    """A slice that is asked for by name. What is another's is not there: the same problem says both."""
    return Target(slices.find(caller, Question(key, tenant)).snapshot, tenant)


def snapshots(served: Served, caller: Caller) -> list[Snapshot]:
    """Those of which the caller reaches a slice: environments from development to production, services by name."""
    found = [snapshot for key, snapshot in served.items() if is_visible(snapshot, caller)]
    return sorted(found, key=lambda each: (rank(kind_of(each)[0]), *each.key))


def by_environment(found: list[Snapshot]) -> dict[str, list[Snapshot]]:
    """Snapshots by environment, in their order."""
    grouped: dict[str, list[Snapshot]] = {}
    for snapshot in found:
        grouped.setdefault(snapshot.key.environment, []).append(snapshot)
    return grouped


def tenants_of(snapshot: Snapshot, caller: Caller) -> list[str]:
    """The tenants of a service that the caller reaches, sorted."""
    slices = snapshot.bundle.manifest.slices
    if caller.sees_all_tenants:
        return sorted(name for name in slices if name)
    return sorted(name for name in caller.scopes.tenants if name and name in slices)


def first_link(snapshot: Snapshot, caller: Caller) -> str:
    """The page of a service's config: for no tenant, or for the first tenant of a caller who has only tenants."""
    tenant = "" if caller.has_tenant("") else next(iter(tenants_of(snapshot, caller)), "")
    return config_link(snapshot.key, tenant)


def config_link(key: Key, tenant: str = "", **query: object) -> str:
    """The page of a target's config."""
    return link("environments", key.environment, "services", key.service, tenant=tenant, **query)


def compare_link(left: str, left_tenant: str, right: str, right_tenant: str, **query: object) -> str:
    """The page that compares two targets, each `environment/service` and a tenant or none."""
    said = {"left": left, "left_tenant": left_tenant, "right": right, "right_tenant": right_tenant}
    return link("compare", **said, **query)


def environment_of(served: Served, caller: Caller, environment: str) -> list[Snapshot]:
    """The services of an environment that the caller reaches. Raises a problem where there is none."""
    found = [each for each in snapshots(served, caller) if each.key.environment == environment]
    if not found:
        raise nothing()
    return found


def refuse_limited(caller: Caller, what: str) -> None:
    """Keep what tells of all tenants from callers that are for some."""
    if not caller.sees_all_tenants:
        raise ProblemError(403, f"{what} tell of all tenants, and your token is for some.")


def kind_of(snapshot: Snapshot) -> tuple[str, bool]:
    """The kind of a snapshot's environment, and whether it is protected; as far as the bundle says it."""
    try:
        facts = snapshot.bundle.facts
    except BundleError:
        return "", False
    return facts.kind, facts.protected


def rank(kind: str) -> int:
    """Where environments of a kind stand among others, from development to production."""
    return _KINDS.index(kind) if kind in _KINDS else len(_KINDS)
