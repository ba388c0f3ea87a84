"""Which layers make a target, in which order, and what they merge to. The order of layers stands here and nowhere else.

Weakest first:

    1. the schema's default
    2. environments/base
    3. the environment, after those it extends
    4. each group of the tenant, in the order of tenant.yaml: in general, then in the environment (ancestors first)
    5. the tenant: in general, then in the environment (ancestors first)
    6. <service>.local.yaml of an environment of kind development, on the developer's own machine

In each folder `shared.yaml` comes before `<service>.yaml`. Secrets files are ranked by the same folders, and proposals
of a service come right after its main secrets file, by name. Environment variables come after all of these, in the
application's own process, and are not applied here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import accumulate
from typing import Any, NamedTuple

from terrace.model.entities import Environment, Files, Repository, Tenant, extended
from terrace.model.layers import EffectiveConfig, Layer, LayerKind, Target
from terrace.model.merge import merge, refine
from terrace.model.source import Document

ORDER = (
    ("default", "the schema's default"),
    ("base", "environments/base/"),
    ("environment", "environments/<environment>/, after those it extends"),
    ("group", "tenants/_groups/<group>/, then <group>/<environment>/"),
    ("tenant", "<tenant>/, then <tenant>/<environment>/"),
    ("local", "environments/<development>/<service>.local.yaml, never committed"),
    ("variable", "environment variables the contract allows; applied by the loader"),
)
"""Precedence, weakest first: what `terrace explain` and the documentation print."""


def lineage(repository: Repository, name: str) -> tuple[Environment, ...]:
    """The environment and those it extends, root first. An unknown parent or a cycle ends the chain."""
    return tuple(reversed(list(extended(repository.environments, name))))


class Folder(NamedTuple):
    """A folder that holds layers of a target: its path, and the rank, name and environment of its layers."""

    path: str
    kind: LayerKind
    name: str
    environment: str | None = None


def environment_folders(repository: Repository, environment: str) -> Iterator[Folder]:
    """The folders that make an environment, weakest first. Local files come after all others, from its own folder."""
    yield Folder("environments/base", LayerKind.BASE, "base")
    for ancestor in lineage(repository, environment):
        yield Folder(f"environments/{ancestor.name}", LayerKind.ENVIRONMENT, ancestor.name, ancestor.name)


def tenant_folders(repository: Repository, environment: str, tenant: Tenant) -> Iterator[Folder]:
    """The folders that a tenant's groups and the tenant itself lay over an environment, weakest first."""
    ancestors = [ancestor.name for ancestor in lineage(repository, environment)]
    owners = [
        (repository.groups[name].folder, LayerKind.GROUP, f"group {name}")
        for name in tenant.groups
        if name in repository.groups
    ]
    for path, kind, name in (*owners, (tenant.folder, LayerKind.TENANT, f"tenant {tenant.name}")):
        yield Folder(path, kind, name)
        for ancestor in ancestors:
            yield Folder(f"{path}/{ancestor}", kind, f"{name} in {ancestor}", ancestor)


class Layering:
    """The effective configs of a repository. What several targets share is merged once."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._layers: dict[tuple[str, str], Layer | None] = {}
        self._environments: dict[tuple[str, str], EffectiveConfig] = {}
        self._merged: dict[tuple[Layer, ...], dict[str, Any]] = {}

    def targets(self, tenant: Tenant | None) -> Iterator[Target]:
        """Every target of a tenant (None: of no tenant): each service in each environment that the tenant is in."""
        for service in self.repository.contracts:
            for environment in self.repository.environments:
                if tenant is None:
                    yield Target(service, environment)
                elif service in tenant.services and environment in tenant.environments:
                    yield Target(service, environment, tenant.name)

    def effective(self, target: Target, tenant: Tenant | None = None) -> EffectiveConfig:
        """The effective config of a target. A tenant that changes nothing *is* its environment's: the same values."""
        shared = self._environment(target.service, target.environment)
        if tenant is None:
            return shared
        own = tuple(self.overlays(target, tenant))
        if not own:
            return EffectiveConfig(target, shared.layers, shared.values)
        local = tuple(layer for layer in shared.layers if layer.kind is LayerKind.LOCAL)
        below = shared.layers[: len(shared.layers) - len(local)]
        overlays = (*own, *local)
        refined = [] if local else self._refined(shared, own)
        refines = len(refined) > len(own)
        steps = (
            refined if refines else list(self._filled(target, accumulate(overlays, _apply, initial=self.merged(below))))
        )
        return EffectiveConfig(target, (*below, *overlays), steps[-1], tuple(steps[:-1]), refines)

    def _refined(self, shared: EffectiveConfig, own: Iterable[Layer]) -> list[dict[str, Any]]:
        """An environment's values with one overlay more in each step, as long as overlays only refine them."""
        steps = [shared.values]
        if not self.repository.contracts[shared.target.service].defaults_agree:
            return steps
        for layer in own:
            values = refine(steps[-1], layer.values)
            if values is None:
                break
            steps.append(values)
        return steps

    def _filled(self, target: Target, steps: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Each of the steps with the schema's defaults; what two steps share is filled once."""
        contract = self.repository.contracts[target.service]
        shared = self._environment(target.service, target.environment)
        like = (self.merged(shared.layers), shared.values)
        for step in steps:
            like = (step, contract.fill(step, like))
            yield like[1]

    def merged(self, layers: tuple[Layer, ...]) -> dict[str, Any]:
        """The layers of an environment merged, without the schema's defaults; each distinct list is merged once."""
        if layers not in self._merged:
            start: dict[str, Any] = {}
            self._merged[layers] = reduce(_apply, layers, start)
        return self._merged[layers]

    def overlays(self, target: Target, tenant: Tenant) -> Iterator[Layer]:
        """What the tenant's groups and the tenant itself lay over the environment, weakest first."""
        for folder in tenant_folders(self.repository, target.environment, tenant):
            files = tenant.files if folder.kind is LayerKind.TENANT else self.repository.files
            yield from self._folder(files, folder, target.service)

    def secrets(self, target: Target, tenant: Tenant | None) -> Iterator[tuple[Document, bytes]]:
        """The secrets files of a target by rank, weakest first: each as a document, and its bytes as committed."""
        contract = self.repository.contracts[target.service]
        homes = [("environments", self.repository.files), *([(tenant.folder, tenant.files)] if tenant else [])]
        for home, files in homes:
            if not files.secrets:
                continue
            for ancestor in lineage(self.repository, target.environment):
                for name in ("shared", target.service):
                    for document in files.secrets_of(f"{home}/{ancestor.name}", name):
                        if name != "shared" or contract.sections & document.value.keys():
                            yield document, files.sealed[document.path]

    def forget(self, tenant: Tenant) -> None:
        """Let go of a tenant's layers, so that a run over many tenants needs the memory of one."""
        for path in tenant.files.documents:
            for service in self.repository.contracts:
                self._layers.pop((path, service), None)

    def _environment(self, service: str, environment: str) -> EffectiveConfig:
        key = (service, environment)
        if key not in self._environments:
            layers = tuple(self._environment_layers(service, environment))
            contract = self.repository.contracts[service]
            values = contract.fill(self.merged(layers))
            self._environments[key] = EffectiveConfig(Target(service, environment), layers, values)
        return self._environments[key]

    def _environment_layers(self, service: str, environment: str) -> Iterator[Layer]:
        files = self.repository.files
        for folder in environment_folders(self.repository, environment):
            yield from self._folder(files, folder, service)
        if self.repository.environments[environment].kind == "development":
            path = f"environments/{environment}/{service}.local.yaml"
            yield from self._layer(files, path, service, LayerKind.LOCAL, "local", environment)

    def _folder(self, files: Files, folder: Folder, service: str) -> Iterator[Layer]:
        for name in ("shared", service):
            path = f"{folder.path}/{name}.yaml"
            yield from self._layer(files, path, service, folder.kind, folder.name, folder.environment)

    def _layer(
        self, files: Files, path: str, service: str, kind: LayerKind, name: str, environment: str | None
    ) -> Iterable[Layer]:
        document = files.documents.get(path)
        if document is None:
            return ()
        key = (path, service)
        if key not in self._layers:
            values = document.value
            if path.endswith("/shared.yaml"):
                sections = self.repository.contracts[service].sections
                values = {section: value for section, value in values.items() if section in sections}
            self._layers[key] = Layer(name, kind, environment, document, values) if values else None
        layer = self._layers[key]
        return () if layer is None else (layer,)


def _apply(below: dict[str, Any], layer: Layer) -> dict[str, Any]:
    merged: dict[str, Any] = merge(below, layer.values)
    return merged
