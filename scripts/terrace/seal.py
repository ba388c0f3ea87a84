"""Effective configs into bundles, as they are judged: one bundle for each service and environment."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from terrace import __version__
from terrace.bundle import BundleWriter, Facts
from terrace.bundle.dates import SecretDates
from terrace.bundle.keys import SigningKey
from terrace.bundle.manifest import FileEntry
from terrace.bundle.writer import Addition
from terrace.layering import Layering
from terrace.model.entities import Origin, Repository, Tenant
from terrace.model.layers import EffectiveConfig, LayerKind, Target, leaves
from terrace.model.ledger import Entry, entries
from terrace.model.release import BundleRef
from terrace.model.sealed_files import ledger_of
from terrace.model.source import json_pointer
from terrace.refs.policy import policy_of

KeptFiles = dict[tuple[str, str], dict[str, FileEntry]]
"""What stands in the folders of bundles, by environment and service."""


class Sealed(NamedTuple):
    """One bundle that was written: where it stands, how many targets it serves with how many different configs."""

    ref: BundleRef
    folder: Path
    targets: int
    configs: int


class Sealing:
    """Bundles being written below `folder`, as `<environment>/<service>/`. A `validate.run.Taker`.

    Several processes may `take`; only the first one may `keep` and `close`. With `kept`, which says by environment and
    service what an earlier sealing left in the folder, only what is another one now is written.
    """

    def __init__(
        self,
        folder: Path,
        environments: Iterable[str],
        services: Iterable[str],
        *,
        origins: bool,
        kept: KeptFiles | None = None,
        key: SigningKey | None = None,
    ) -> None:
        self._folder = folder
        self._environments = frozenset(environments)
        self._services = frozenset(services)
        self._origins = origins
        self._kept = kept
        self._key = key
        self._writers: dict[tuple[str, str], BundleWriter] = {}
        self._counts: dict[tuple[str, str], list[int]] = {}

    def open(self, repository: Repository) -> None:
        """Begin a bundle for each service in each environment: before any config is taken."""
        for service, contract in repository.contracts.items():
            for environment in self._environments if service in self._services else ():
                key = (environment, service)
                self._counts[key] = [0, 0]
                self._writers[key] = BundleWriter(
                    self._folder / environment / service,
                    environment=environment,
                    service=service,
                    tenancy=contract.tenancy,
                    # What a schema was made from is no content: a comment in a contract must not reload anything.
                    schema={key: value for key, value in contract.schema.items() if key != "$comment"},
                    facts=facts_of(repository, environment),
                    kept=None if self._kept is None else self._kept.setdefault(key, {}),
                )

    def take(self, config: EffectiveConfig, tenant: Tenant | None, layering: Layering) -> Addition | None:
        """Write the files of one slice. A tenant that changes nothing refers to the environment's."""
        target = config.target
        writer = self._writers.get((target.environment, target.service))
        if writer is None:
            return None
        shared = layering.effective(Target(target.service, target.environment))
        own = tenant is None or config.values is not shared.values
        return writer.write(
            target.tenant,
            config.values if own else None,
            [(document.path, data) for document, data in layering.secrets(target, tenant)],
            origins=_origins(config, tenant) if own and self._origins else None,
            dates=_dates(layering, target, tenant),
        )

    def keep(self, target: Target, addition: object) -> None:
        """List a slice that was written."""
        if isinstance(addition, Addition):
            key = (target.environment, target.service)
            self._writers[key].record(addition)
            self._counts[key][0] += 1
            self._counts[key][1] += bool(addition.config in addition.files)

    def close(self, origin: Origin, environments: Iterable[str]) -> dict[str, list[Sealed]]:
        """Seal the bundles of these environments; what was written of others goes."""
        provenance = provenance_of(origin)
        sealed: dict[str, list[Sealed]] = {environment: [] for environment in environments}
        for (environment, service), writer in self._writers.items():
            folder = self._folder / environment / service
            if environment not in sealed:
                if self._kept is None:
                    shutil.rmtree(folder.parent, ignore_errors=True)
                continue
            targets, configs = self._counts[environment, service]
            sealed[environment].append(Sealed(writer.seal(provenance, self._key), folder, targets, configs))
        return sealed


def _dates(layering: Layering, target: Target, tenant: Tenant | None) -> dict[str, dict[str, SecretDates]]:
    """When the secrets of a target were set and revoked, as ledgers say; for a tenant only those of its own files."""
    files = tenant.files if tenant else layering.repository.files
    found: dict[str, dict[str, SecretDates]] = {}
    for document, _ in layering.secrets(target, tenant):
        ledger = files.ledgers.get(ledger_of(document.path))
        if ledger is not None:
            said = entries(ledger.value)
            days = {key: SecretDates(each.rotated, each.revoked) for key, _, each in said if isinstance(each, Entry)}
            found[document.path] = days
    return found


def provenance_of(origin: Origin) -> Mapping[str, object]:
    """Where a bundle came from; no part of its digest."""
    return {"commit": origin.commit, "time": origin.time, "dirty": list(origin.dirty), "terrace": __version__}


def facts_of(repository: Repository, environment: str) -> Facts:
    """What a bundle says of the environment it is for."""
    policy = policy_of(repository.environments, environment)
    return Facts(repository.environments[environment].kind, policy.protected, policy.grants)


def _origins(config: EffectiveConfig, tenant: Tenant | None) -> dict[str, str]:
    """Where values were set, by JSON Pointer; for a tenant only those that its own and its groups' files set."""
    layers = config.layers if tenant is None else [each for each in config.layers if each.kind >= LayerKind.GROUP]
    found: dict[str, str] = {}
    for layer in layers:
        for pointer, value in leaves(layer.values):
            found[json_pointer(pointer)] = "" if value is None else str(layer.document.at(pointer))
    return {pointer: place for pointer, place in found.items() if place}
