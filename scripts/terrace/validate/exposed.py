"""Findings on private keys in files of any kind, which no layer and no suppression has to do with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from terrace.validate.found import Found

if TYPE_CHECKING:
    from terrace.model.private_keys import Exposure


def findings(keys: Iterable[Exposure]) -> list[Found]:
    """What is to be said of private keys at these places, each with words for what it is."""
    keys = list(keys)
    if not keys:
        return []
    from terrace.validate.engine import finding_of
    from terrace.validate.registry import rules

    refusing = [rule for rule in rules() if rule.on == "exposed"]
    return [Found(finding_of(rule, hit)) for rule in refusing for key in keys for hit in rule.check(key)]
