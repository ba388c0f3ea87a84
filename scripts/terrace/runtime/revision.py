"""One revision: a bundle as this process has it, with the configuration for no tenant and, when asked, of each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from copy import copy
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from terrace.bundle.reader import Bundle
from terrace.errors import ConfigError
from terrace.model.source import Pointer

M = TypeVar("M", bound=BaseModel)


class Judged(NamedTuple, Generic[M]):
    """A slice that was found right. `content` names what it was made of, `values` has secrets as `Secret`.

    `changed` are the places at which it differs from what ran before, `waiting` those whose new values wait for a
    restart, `unknown` those that a newer contract has.
    """

    config: M
    values: dict[str, Any]
    content: tuple[object, ...]
    changed: tuple[Pointer, ...] = ()
    waiting: tuple[Pointer, ...] = ()
    unknown: tuple[Pointer, ...] = ()


class Revision(Generic[M]):
    """What one bundle gives this process. It never changes; tenants that were not asked for yet are read when they are.

    `digest` names the bundle, `commit` and `time` (RFC 3339) are those it was built from, and empty where it does not
    say. `loaded` is when this process took it. `overridden` names the variable for each path that one sets. `age` is
    how many seconds ago the last good copy was known to be current; None if the source itself was read.
    """

    def __init__(
        self,
        bundle: Bundle,
        tenant: str,
        judge: Callable[[Bundle, str, Judged[M] | None], Judged[M]],
        *,
        before: Revision[M] | None = None,
        overridden: Mapping[str, str],
        noticed: tuple[str, ...] = (),
        age: float | None = None,
    ) -> None:
        self.bundle = bundle
        self.digest = bundle.ref.digest
        self.service = bundle.ref.service
        self.environment = bundle.ref.environment
        self.contract = bundle.manifest.schema_version
        self.commit = str(bundle.provenance.get("commit") or "")
        self.time = str(bundle.provenance.get("time") or "")
        self.loaded = datetime.now(UTC)
        self.overridden = overridden
        self.noticed = noticed
        self.age = age
        self.tenant = tenant
        self._judge = judge
        self._lock = threading.Lock()
        self._judged: dict[str, Judged[M]] = {}
        self._configs: dict[str, M] = {}
        known = before.judged if before is not None else {}
        for name in (tenant, *(name for name in known if name != tenant and name in bundle.manifest.slices)):
            self._take(name, known.get(name))
        self.config: M = self._configs[tenant]

    def __repr__(self) -> str:
        return f"Revision({self.service} in {self.environment}, {self.digest})"

    def with_judged(self, tenant: str, judged: Judged[M]) -> Revision[M]:
        """This revision with another configuration for a tenant: for tests."""
        other = copy(self)
        other._judged = {**self._judged, tenant: judged}
        other._configs = {**self._configs, tenant: judged.config}
        other.config = other._configs[self.tenant]
        return other

    @property
    def tenants(self) -> tuple[str, ...]:
        """The tenants that have a configuration here, sorted."""
        return self.bundle.tenants

    @property
    def judged(self) -> Mapping[str, Judged[M]]:
        """What was read so far, by tenant; `""` is no tenant."""
        return dict(self._judged)

    def for_tenant(self, tenant: str) -> M:
        """The configuration of a tenant, from this revision like every other's.

        Raises `ConfigError` for one that has none here, or whose configuration is not right.
        """
        try:
            return self._configs[tenant]
        except KeyError:
            with self._lock:
                if tenant not in self._configs:
                    self._take(tenant, None)
                return self._configs[tenant]

    @property
    def waiting(self) -> tuple[Pointer, ...]:
        """The places whose new values wait for a restart, for any tenant that was read."""
        return tuple(dict.fromkeys(pointer for each in list(self._judged.values()) for pointer in each.waiting))

    @property
    def unknown(self) -> tuple[Pointer, ...]:
        """The places that the bundle's newer contract has and this application's does not: they were left out."""
        return tuple(dict.fromkeys(pointer for each in list(self._judged.values()) for pointer in each.unknown))

    def _take(self, tenant: str, before: Judged[M] | None) -> None:
        if tenant and tenant not in self.bundle.manifest.slices:
            raise ConfigError(
                f"{self.service} in {self.environment} has no tenant '{tenant}'",
                hint="Its tenant.yaml must name both the service and the environment.",
            )
        judged = self._judge(self.bundle, tenant, before)
        self._judged[tenant] = judged
        self._configs[tenant] = judged.config
