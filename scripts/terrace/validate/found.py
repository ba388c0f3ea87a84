"""What a run of the rules gives: findings with the targets they reach."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from terrace.model.findings import Finding


class Found(NamedTuple):
    """A finding with the targets it reaches, and the reason that lets it stand, if one does."""

    finding: Finding
    targets: tuple[str, ...] = ()
    suppressed: str = ""


def merge(found: Iterable[Found]) -> list[Found]:
    """Equal findings made one, with all the targets they reach. A reason, once given, stays."""
    merged: dict[Finding, list[tuple[str, ...]]] = {}
    reasons: dict[Finding, str] = {}
    for finding, targets, suppressed in found:
        merged.setdefault(finding, []).append(targets)
        if suppressed:
            reasons[finding] = suppressed
    return [
        Found(finding, tuple(dict.fromkeys(target for part in parts for target in part)), reasons.get(finding, ""))
        for finding, parts in merged.items()
    ]
