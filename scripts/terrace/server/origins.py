"""Where the values of a slice were set: of its own values only, whatever else the files beside it tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from terrace.model.layers import leaves
from terrace.model.source import Pointer, json_pointer
from terrace.server.contents import MIB, Kept
from terrace.server.stand import Snapshot

DEFAULT = "default"


class Origins:
    """Answers where values were set, from what was recorded when the bundle was built."""

    def __init__(self, memory: int = 16 * MIB) -> None:
        self._kept: Kept[dict[str, str]] = Kept(memory)

    def of(self, snapshot: Snapshot, tenant: str, values: Mapping[str, Any]) -> dict[Pointer, str]:
        """The file, line and column of each leaf of `values`. Raises `BundleError` if that cannot be read."""
        recorded = self._recorded(snapshot, tenant)
        return {pointer: _nearest(recorded, pointer) for pointer, _ in leaves(values)}

    def _recorded(self, snapshot: Snapshot, tenant: str) -> dict[str, str]:
        key = (str(snapshot.bundle.folder), tenant)
        known = self._kept.get(key)
        if known is not None:
            return known
        found = snapshot.bundle.origins()
        if tenant:
            found = {**found, **snapshot.bundle.origins(tenant)}
        return self._kept.put(key, found, 100 * len(found) + 100)


def _nearest(recorded: Mapping[str, str], pointer: Pointer) -> str:
    """Where the value was set, or the one it lies in."""
    for end in range(len(pointer), 0, -1):
        found = recorded.get(json_pointer(pointer[:end]))
        if found:
            return found
    return DEFAULT
