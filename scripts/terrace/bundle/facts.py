"""What an environment is and allows, for who reads a bundle of it and knows nothing else of the repository."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from terrace.errors import BundleError
from terrace.model.entities import KINDS


class Facts(NamedTuple):
    """An environment's kind, whether it is protected, and the places in stores that references may name there."""

    kind: str
    protected: bool
    references: tuple[str, ...] = ()

    @classmethod
    def of(cls, raw: Mapping[str, Any], where: str) -> Facts:
        """The facts that an `environment.json` holds. Raises `BundleError`, which names `where`, if it holds none."""
        kind, protected, references = raw.get("kind"), raw.get("protected"), raw.get("references")
        if kind not in KINDS or not isinstance(protected, bool) or not isinstance(references, list):
            raise BundleError(f"{where} does not say what the environment is", hint="Build it again: terrace build.")
        return cls(kind, protected, tuple(map(str, references)))
