"""Holds: what makes a rollback stick.

A rollback records every leaf that it took back, with a salted hash of the value it undid, and the tenants it undid it
for. While the hold stands, a bundle in which one of these leaves has that value again is refused, however new its
digest; a leaf that the bad change had removed is held by its absence. A bundle in which none of them is bad clears the
hold: the change is gone from the repository. Holds lie at the destination, a file each, under its lock.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from terrace.bundle import Bundle, canonical
from terrace.deploy.changes import ABSENT, Change
from terrace.deploy.disk import read_regular
from terrace.errors import DestinationError, HeldError
from terrace.model.release import HeldLeaf, Hold
from terrace.model.source import Pointer, dotted, json_pointer


class Violation(NamedTuple):
    """A held leaf that is bad again, with the tenants it is bad for."""

    hold: Hold
    leaf: str
    tenants: tuple[str, ...]


def held_leaves(found: Iterable[Change], salt: str) -> tuple[HeldLeaf, ...]:
    """What a hold records of the changes from the undone release (before) to the restored one (after)."""
    return tuple(
        HeldLeaf(json_pointer(change.pointer), change.tenants, seal(salt, json_pointer(change.pointer), change.before))
        for change in found
    )


def seal(salt: str, pointer: str, value: Any) -> str:
    """The salted hash of the value at `pointer`; empty for one that is not there."""
    if value is ABSENT:
        return ""
    return hmac.new(salt.encode(), f"{pointer}\0".encode() + canonical(value), hashlib.sha256).hexdigest()


def violations(hold: Hold, bundle: Bundle) -> list[Violation]:
    """The leaves of `hold` that are bad in `bundle`, each with the tenants it is bad for."""
    bad: dict[str, set[str]] = {}
    for leaf, tenants in _bad_slices(hold, bundle):
        bad.setdefault(leaf.pointer, set()).update(tenants)
    for leaf, tenants in _bad_values(hold, bundle):
        bad.setdefault(leaf.pointer, set()).update(tenants)
    found = [Violation(hold, _words(pointer), tuple(sorted(names))) for pointer, names in sorted(bad.items())]
    found += [Violation(hold, f"the secrets file {layer}", ()) for layer in _bad_secrets(hold, bundle)]
    if not found and bundle.ref.streams.config == hold.extra.get("config"):
        # The whole configuration that was undone, in a hold that names no leaf: only the contract had changed.
        found = [Violation(hold, "the whole configuration", ())]
    return found


def check(holds: Iterable[Hold], bundle: Bundle) -> list[Hold]:
    """The holds on the bundle's service that it clears. Raises `HeldError` if it brings a held leaf back."""
    concerned = [hold for hold in holds if hold.service == bundle.ref.service]
    found = [violation for hold in concerned for violation in violations(hold, bundle)]
    if found:
        raise _refusal(bundle, found)
    return concerned


def read(folder: Path) -> list[Hold]:
    """The holds that stand, the oldest first."""
    try:
        files = [path for path in folder.iterdir() if path.suffix == ".json"]
    except FileNotFoundError:
        return []
    return sorted(map(_load, files), key=lambda hold: (hold.time, hold.name))


def encode(hold: Hold) -> dict[str, Any]:
    """A hold as JSON."""
    from dataclasses import asdict

    return asdict(hold)


def decode(raw: dict[str, Any]) -> Hold:
    """The hold that `encode` wrote."""
    leaves = tuple(HeldLeaf(item["pointer"], tuple(item["tenants"]), item["bad"]) for item in raw["leaves"])
    return Hold(**{**raw, "leaves": leaves})


def _bad_slices(hold: Hold, bundle: Bundle) -> Iterator[tuple[HeldLeaf, list[str]]]:
    for leaf in hold.leaves:
        if leaf.pointer == "":
            bad = [name for name in leaf.tenants if (name in bundle.manifest.slices) == bool(leaf.bad)]
            if bad:
                yield leaf, bad


def _bad_values(hold: Hold, bundle: Bundle) -> Iterator[tuple[HeldLeaf, list[str]]]:
    """The held leaves that are bad. Tenants that share a configuration file are looked at once."""
    slices = bundle.manifest.slices
    by_file: dict[str, dict[HeldLeaf, list[str]]] = {}
    for leaf in hold.leaves:
        for tenant in leaf.tenants if leaf.pointer else ():
            if tenant in slices:
                by_file.setdefault(slices[tenant].config, {}).setdefault(leaf, []).append(tenant)
    for file, leaves in by_file.items():
        values = bundle.config(file)
        for leaf, tenants in leaves.items():
            if seal(hold.salt, leaf.pointer, _value(values, _parts(leaf.pointer))) == leaf.bad:
                yield leaf, tenants


def _bad_secrets(hold: Hold, bundle: Bundle) -> list[str]:
    """The layers whose secrets file is the undone one again, if the rollback moved secrets too."""
    undone: dict[str, str] = hold.extra.get("secrets", {})
    files = bundle.manifest.files
    there = {(layer, files[file].sha256) for part in bundle.manifest.slices.values() for layer, file in part.secrets}
    return [layer for layer, sha256 in undone.items() if (layer, sha256) in there]


def _value(values: Any, pointer: Pointer) -> Any:
    """The leaf at `pointer`. A map that holds something is no leaf, so the leaf that stood in its place is gone."""
    for part in pointer:
        if not isinstance(values, dict) or part not in values:
            return ABSENT
        values = values[part]
    return ABSENT if isinstance(values, dict) and values else values


def _parts(pointer: str) -> Pointer:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def _words(pointer: str) -> str:
    return dotted(_parts(pointer)) if pointer else "the tenant itself"


def _refusal(bundle: Bundle, found: list[Violation]) -> HeldError:
    leaves = ", ".join(f"{violation.leaf}{_whom(violation.tenants)}" for violation in found[:10])
    more = f", and {len(found) - 10} more" if len(found) > 10 else ""
    holds = {violation.hold.name: violation.hold for violation in found}
    reasons = "; ".join(f"hold '{hold.name}' of {hold.time} by {hold.actor}: {hold.reason}" for hold in holds.values())
    names = " and ".join(f"'{name}'" for name in holds)
    return HeldError(
        f"this bundle of {bundle.ref.service} brings back what a rollback undid: {leaves}{more} ({reasons})",
        hint=f"Revert the change in the repository and deploy that: it clears the hold by itself. "
        f"Or lift {names} with a reason: terrace hold --lift.",
    )


def _whom(tenants: tuple[str, ...]) -> str:
    named = [name for name in tenants if name]
    if not named or "" in tenants:
        return ""
    first = ", ".join(named[:3])
    return f" for {first}" if len(named) <= 3 else f" for {len(named):,} tenants, as {first}"


def _load(path: Path) -> Hold:
    try:
        return decode(orjson.loads(read_regular(path)))
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        # A hold that cannot be read may hold back anything: nothing is deployed over it.
        raise DestinationError(
            f"the hold {path} cannot be read",
            hint="Restore the file, or remove it if what it held back is known to be gone.",
        ) from error
