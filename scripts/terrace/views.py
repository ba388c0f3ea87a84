"""Looking without judging: one target's effective config, and every layer that sets a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from terrace import load
from terrace.errors import RefusedError, UsageError
from terrace.explain import at as leading_to
from terrace.layering import Layering
from terrace.model.closest import named
from terrace.model.entities import Environment, Files, Tenant
from terrace.model.layers import EffectiveConfig, Target, leaves, value_at
from terrace.model.service import Contract
from terrace.model.source import Location, Pointer
from terrace.source import open_source

_NOT_SAID = object()


class View(NamedTuple):
    """One effective config with all that is needed to show and explain it."""

    config: EffectiveConfig
    contract: Contract
    environment: Environment
    tenant: Tenant | None
    sealed: dict[Pointer, Location]


def view(folder: Path, service: str, environment: str, tenant: str | None = None, *, at: str | None = None) -> View:
    """The effective config of one target, and where its secrets are sealed. Reads no other tenant's files.

    A file of the target's layers that cannot be read is a RefusedError: what it says would silently be missing.
    """
    source = open_source(folder, at)
    tree = load.Tree(source, only=load.folder_of_tenant(source, tenant))
    repository = load.common(tree)
    contract = named(service, repository.contracts, "service")
    found = named(environment, repository.environments, "environment")
    who = next(load.tenants(tree, tree.tenants), None)
    files = [repository.files, *([who.files] if who else [])]
    broken = [finding for each in files for finding in each.findings if finding.code.startswith("SYN")]
    if broken:
        raise RefusedError(f"{broken[0].location}: {broken[0].message}", hint="`terrace validate` shows everything.")
    if who and not (service in who.services and environment in who.environments):
        raise RefusedError(
            f"tenant {who.name} is not in {environment} with {service}",
            hint=f"Its tenant.yaml names {', '.join(who.services)} in {', '.join(who.environments)}.",
        )
    layering = Layering(repository)
    target = Target(service, environment, tenant)
    config = layering.effective(target, who)
    config = EffectiveConfig(target, config.layers, contract.ordered(config.values), config.beneath, config.refines)
    sealed = {
        pointer: document.at(pointer)
        for document, _ in layering.secrets(target, who)
        for pointer, _ in leaves(document.value)
        if pointer[0] != "sops" and contract.field(pointer)
    }
    return View(config, contract, found, who, sealed)


class Setting(NamedTuple):
    """One layer that sets a key: what it says, and where."""

    layer: str
    value: object
    location: Location


def where(folder: Path, service: str, pointer: Pointer, *, at: str | None = None) -> list[Setting]:
    """Every file of every layer that says something of `pointer` for a service, weakest layers first."""
    if not pointer:
        raise UsageError("the path is empty", hint="Name a key, as database.pool_size")
    tree = load.Tree(open_source(folder, at))
    repository = load.common(tree)
    contract = named(service, repository.contracts, "service")
    settings = list(_settings(repository.files, service, pointer, contract))
    for tenant in load.tenants(tree, tree.tenants):
        settings += _settings(tenant.files, service, pointer, contract)
    if not settings and contract.field(pointer) is None:
        leading_to(contract.fill({}), pointer, contract)  # nowhere: it says which path may have been meant
    return settings


def _settings(files: Files, service: str, pointer: Pointer, contract: Contract) -> Iterator[Setting]:
    for path, document in files.documents.items():
        name = load.name_of(path)
        taken = name in (f"{service}.yaml", f"{service}.local.yaml")
        if not taken and not (name == "shared.yaml" and pointer[0] in contract.sections):
            continue
        value = value_at(document.value, pointer, _NOT_SAID)
        if value is not _NOT_SAID:
            yield Setting(load.parent_of(path), value, document.at(pointer))


def kinds(folder: Path, *, at: str | None = None) -> dict[str, str]:
    """The kind of every environment of a repository, by name."""
    return {name: environment.kind for name, environment in environments_of(folder, at=at).items()}


def environments_of(folder: Path, *, at: str | None = None) -> dict[str, Environment]:
    """Every environment of a repository, by name."""
    return load.common(load.Tree(open_source(folder, at), only=())).environments


def contracts_of(folder: Path, *, at: str | None = None) -> dict[str, Contract]:
    """Every contract of a repository, by service."""
    return load.common(load.Tree(open_source(folder, at), only=())).contracts
