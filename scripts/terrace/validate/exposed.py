"""Findings on private keys in files of any kind, which no layer and no suppression has to do with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from terrace.validate.found import Found
from terrace.validate.given import Exposed

if TYPE_CHECKING:
    from terrace.model.source import Location


def exposures(found: Iterable[tuple[Location, str]]) -> list[Found]:
    """What is to be said of private keys at these places, each with words for what it is."""
    keys = [Exposed(*each) for each in found]
    if not keys:
        return []
    from terrace.validate.engine import finding_of
    from terrace.validate.registry import rules

    refusing = [rule for rule in rules() if rule.on == "exposed"]
    return [Found(finding_of(rule, hit)) for rule in refusing for key in keys for hit in rule.check(key)]
