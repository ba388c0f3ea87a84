"""When the secrets of a bundle were set and revoked, as their ledgers say. Days and paths, never a value.

They stand in `provenance.json`, so that no digest changes with them, and a rollback can name what was revoked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from terrace.errors import BundleError

KEY = "secrets"
"""The key of `provenance.json` under which they stand: layer -> dotted path -> days."""


class SecretDates(NamedTuple):
    """The day on which the value in use was set; and up to which day other values were set that are revoked now."""

    rotated: date
    revoked: date | None = None


Dates = Mapping[str, Mapping[str, SecretDates]]
"""By the repository's path of the layer, and by the dotted path of the secret."""


def encoded(dates: Dates) -> dict[str, dict[str, dict[str, str]]]:
    """The dates as they stand in `provenance.json`."""
    return {layer: {path: _said(days) for path, days in secrets.items()} for layer, secrets in dates.items()}


def decoded(provenance: Mapping[str, Any], where: str) -> dict[str, dict[str, SecretDates]]:
    """What `encoded` wrote; nothing where the bundle has no dates."""
    try:
        return {
            layer: {path: _days(said) for path, said in secrets.items()}
            for layer, secrets in provenance.get(KEY, {}).items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        hint = "Build it again with terrace build, or copy it again from where it came from."
        raise BundleError(f"{where}: its dates of secrets are not understood", hint=hint) from error


def _said(days: SecretDates) -> dict[str, str]:
    said = {"rotated": days.rotated.isoformat()}
    return said if days.revoked is None else {**said, "revoked": days.revoked.isoformat()}


def _days(said: Mapping[str, str]) -> SecretDates:
    revoked = said.get("revoked")
    return SecretDates(date.fromisoformat(said["rotated"]), date.fromisoformat(revoked) if revoked else None)
