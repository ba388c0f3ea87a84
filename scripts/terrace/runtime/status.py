"""What a handle tells of itself: how it is, what it refused, and what an exchange of revisions changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from terrace.model.source import dotted

if TYPE_CHECKING:
    # What a process without a model says of its flags needs no pydantic.
    from pydantic import BaseModel

    from terrace.runtime.revision import Revision

M = TypeVar("M", bound="BaseModel")


class Change(NamedTuple, Generic[M]):
    """What an exchange of revisions changes: dotted paths for this process, and for each tenant that was read."""

    old: Revision[M]
    new: Revision[M]
    paths: tuple[str, ...]
    tenants: Mapping[str, tuple[str, ...]]


class Refused(NamedTuple):
    """A newer bundle that was not taken. `digest` is empty where it could not be known.

    `reason` is the whole of what is wrong, in which a validator may show a value that is no secret; `summary` and
    `paths` show none.
    """

    digest: str
    reason: str
    since: datetime
    summary: str = ""
    paths: tuple[str, ...] = ()


class Status(NamedTuple):
    """How a handle is. No part of it holds a value.

    `state` is `ok`; or `degraded` while what is at the source was refused, or the source is away. `waiting` are paths
    whose new values wait for a restart, `unknown` those that a newer contract has, `overridden` those that a variable
    sets, with its name. `age` is that of the last good copy in seconds, if that is what runs.
    """

    state: str
    service: str
    environment: str
    tenant: str
    digest: str
    commit: str
    contract: str
    since: datetime
    refused: Refused | None
    waiting: tuple[str, ...]
    unknown: tuple[str, ...]
    overridden: Mapping[str, str]
    noticed: tuple[str, ...]
    age: float | None
    reloads: int
    refusals: int


def change_of(old: Revision[M], new: Revision[M]) -> Change[M]:
    """What changes when `new`, which was read to follow `old`, takes its place."""
    before, after = old.judged, new.judged
    paths = {
        tenant: tuple(map(dotted, after[tenant].changed))
        for tenant in before.keys() & after.keys()
        if before[tenant] is not after[tenant]
    }
    own = paths.pop(old.tenant, ())
    return Change(old, new, own, {tenant: found for tenant, found in sorted(paths.items()) if found})
