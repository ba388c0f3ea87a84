"""The flags of an environment into a bundle: compiled as flagd reads them, with where each of them is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from terrace.bundle import BundleWriter
from terrace.flags.compile import compile_flags
from terrace.layering import lineage
from terrace.model.entities import Origin, Repository
from terrace.model.flag import Roster
from terrace.model.release import FLAGS
from terrace.model.source import json_pointer
from terrace.seal import Sealed, facts_of, provenance_of

SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Feature flags of an environment, as flagd reads them",
    "type": "object",
    "additionalProperties": False,
    "required": ["flags", "metadata"],
    "x-terrace-version": "1",
    "x-terrace-live": True,
    "properties": {
        "flags": {"type": "object", "additionalProperties": {"type": "object"}},
        "metadata": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
    },
}
"""What stands where other bundles have a service's contract. All of it is taken while a process runs."""


def seal_flags(repository: Repository, environment: str, roster: Roster, folder: Path, origin: Origin) -> Sealed:
    """The bundle of an environment's flags, below `folder`, as `<environment>/_flags/`. Raises `FlagError`."""
    ancestors = [each.name for each in reversed(lineage(repository, environment)) if each.name != environment]
    definition = compile_flags(repository.flags, environment, ancestors, roster)
    place = folder / environment / FLAGS
    writer = BundleWriter(
        place,
        environment=environment,
        service=FLAGS,
        tenancy="none",
        schema=SCHEMA,
        facts=facts_of(repository, environment),
    )
    writer.add(None, definition, origins=_origins(repository))
    return Sealed(writer.seal(provenance_of(origin)), place, len(definition["flags"]), 1)


def _origins(repository: Repository) -> dict[str, str]:
    return {json_pointer(("flags", key)): str(flag.document.at(flag.pointer)) for key, flag in repository.flags.flags.items()}
