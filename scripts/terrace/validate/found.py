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


_RELATED = 3
"""Findings that are made one name so many of the other places they have, unless one of them alone names more."""


def merge(found: Iterable[Found]) -> list[Found]:
    """Findings of one mistake made one, with all the targets they reach. A reason, once given, stays.

    One mistake may have to do with another place in each target: of those the first few are kept.
    """
    merged: dict[Finding, list[Found]] = {}
    for item in found:
        finding = item.finding
        merged.setdefault(finding._replace(related=()) if finding.related else finding, []).append(item)
    return [items[0] if len(items) == 1 else _one(finding, items) for finding, items in merged.items()]


def _one(finding: Finding, items: list[Found]) -> Found:
    related = dict.fromkeys(each for item in items for each in item.finding.related)
    kept = max(_RELATED, len(items[0].finding.related))
    targets = dict.fromkeys(target for item in items for target in item.targets)
    suppressed = next((item.suppressed for item in reversed(items) if item.suppressed), "")
    return Found(finding._replace(related=tuple(related)[:kept]), tuple(targets), suppressed)
