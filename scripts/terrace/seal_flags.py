"""The flags of an environment into a bundle: compiled as flagd reads them, with where each of them is written."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from terrace.bundle import BundleWriter
from terrace.bundle.keys import SigningKey
from terrace.flags.compile import compile_flags
from terrace.flags.killing import with_killed
from terrace.flags.states import lineage
from terrace.load_flags import Rosters
from terrace.model.entities import Origin, Repository
from terrace.model.flag import STREAM, Flags
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


def seal_flags(
    repository: Repository,
    flags: Flags,
    environment: str,
    rosters: Rosters,
    folder: Path,
    origin: Origin,
    key: SigningKey | None = None,
    killed: Mapping[tuple[str, str], str] = MappingProxyType({}),
) -> Sealed:
    """The bundle of an environment's flags, below `folder`, as `<environment>/_flags/`. Raises `FlagError`.

    `killed` are flags that are killed in an environment whatever stands in `flags`; the provenance names them.
    """
    _, *ancestors = lineage(environment, repository.environments)
    definition = compile_flags(
        with_killed(flags, killed, repository.environments), environment, ancestors, rosters.of(environment)
    )
    place = folder / environment / STREAM
    shutil.rmtree(place, ignore_errors=True)
    writer = BundleWriter(
        place,
        environment=environment,
        service=STREAM,
        tenancy="none",
        schema=SCHEMA,
        facts=facts_of(repository, environment),
    )
    writer.add(None, definition, origins=_origins(flags))
    provenance = {**provenance_of(origin), **_overrides(killed, {environment, *ancestors})}
    return Sealed(writer.seal(provenance, key), place, len(definition["flags"]), 1)


def _overrides(killed: Mapping[tuple[str, str], str], environments: set[str]) -> dict[str, object]:
    """What of them reaches one of these environments, as the provenance has it."""
    told = [
        {"flag": flag, "environment": name, "reason": reason}
        for (flag, name), reason in sorted(killed.items())
        if name in environments
    ]
    return {"overrides": told} if told else {}


def _origins(flags: Flags) -> dict[str, str]:
    return {json_pointer(("flags", key)): str(flag.document.at(flag.pointer)) for key, flag in flags.flags.items()}
