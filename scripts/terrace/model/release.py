"""What runs: bundles by their digests, releases, and holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Stream = Literal["config", "flags"]
"""What is built and released apart; secrets go with the configuration of their service."""

STREAMS: tuple[Stream, ...] = ("config", "flags")


class Streams(NamedTuple):
    """The digests of a bundle's streams (`sha256:...`). Flags, the third, are a bundle: `model.flag.STREAM`."""

    config: str
    secrets: str


@dataclass(frozen=True, slots=True)
class BundleRef:
    """A bundle's identity: one service in one environment, its digest and those of its streams."""

    service: str
    environment: str
    digest: str
    streams: Streams


@dataclass(frozen=True, slots=True)
class Release:
    """The record that bundles went to a destination. `time` is RFC 3339 in UTC."""

    number: int
    time: str
    action: str
    actor: str
    environment: str
    bundles: tuple[BundleRef, ...]
    commit: str = ""
    dirty: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HeldLeaf:
    """One leaf that a rollback took back: the tenants it was bad for, and the salted hash of the bad value.

    `bad` is empty where the bad change was that the leaf went away.
    """

    pointer: str
    tenants: tuple[str, ...]
    bad: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A rollback that sticks: deploy refuses a bundle that brings one of `leaves` back."""

    name: str
    service: str
    environment: str
    undone: str
    restored: str
    reason: str
    actor: str
    time: str
    salt: str
    leaves: tuple[HeldLeaf, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
