"""Setting and unsetting values: the file that should change, the edit, its verdict, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from terrace import edit, load
from terrace.errors import RefusedError, UsageError
from terrace.layering import Layering
from terrace.model.closest import named
from terrace.model.entities import Files, Repository, Tenant
from terrace.model.findings import Finding, Severity
from terrace.model.layers import EffectiveConfig, Target, leaves, value_at
from terrace.model.reference import is_reference
from terrace.model.service import Contract
from terrace.model.source import Document, Pointer, dotted
from terrace.pipeline import validate_source
from terrace.source import Overlay, Source, open_source

UNSET = object()
"""The value of a place where nothing is set."""


class Place(NamedTuple):
    """The layer that should change: an environment's (`base` for all), a tenant's or group's, or one's in the other."""

    environment: str | None = None
    tenant: str | None = None
    group: str | None = None


class Outcome(NamedTuple):
    """What an edit does to one target: the value before and after, and the place that overrides it, if one does."""

    target: Target
    before: object
    after: object
    overridden_by: str


class Change(NamedTuple):
    """An edit that was worked out and judged, and is not written yet."""

    path: str
    before: str
    after: str
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Whether the edit brings an error that was not there before."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


def change(
    folder: Path, service: str, pointer: Pointer, value: object, place: Place, *, at: str | None = None
) -> Change:
    """Work out what setting `pointer` to `value` (UNSET: taking it out) in a layer does. Nothing is written.

    The edit is of the work tree, or of the Git revision `at`.
    """
    if not pointer:
        raise UsageError("the path is empty", hint="Name a key, as database.pool_size")
    source = open_source(folder, at)
    repository = load.common(load.Tree(source, only=()))
    contract = named(service, repository.contracts, "service")
    tenant = _tenant(source, place.tenant)
    home = _home(repository, tenant, place)
    _refuse_secret(contract, pointer, value)
    path, document = _file(tenant.files if tenant else repository.files, home, service, pointer)
    _refuse_secret(contract, pointer, value_at(document.value if document else {}, pointer, UNSET))
    if value is not UNSET:
        after = edit.with_value(document, path, pointer, value)
    elif document and value_at(document.value, pointer, UNSET) is not UNSET:
        after = edit.without(document, pointer)
    else:
        hint = f"Who does: terrace where {service} {dotted(pointer)}"
        raise UsageError(f"{path} does not set {dotted(pointer)}", hint=hint)
    edited = Overlay(source, {path: after})
    outcomes = tuple(_outcomes(source, edited, service, pointer, path))
    return Change(
        path, document.text if document else "", after, outcomes, tuple(_new_findings(source, edited, at is None))
    )


def _tenant(source: Source, name: str | None) -> Tenant | None:
    if name is None:
        return None
    tree = load.Tree(source, only=load.folder_of_tenant(source, name))
    return next(load.tenants(tree, tree.tenants))


def _home(repository: Repository, tenant: Tenant | None, place: Place) -> str:
    """The folder of the layer that should change."""
    if place.environment not in (None, "base"):
        named(place.environment or "", repository.environments, "environment")
    if tenant and place.group:
        raise UsageError("name a tenant or a group, not both")
    if tenant is None and place.group is None:
        if place.environment is None:
            raise UsageError("say which layer should change", hint="--env NAME (base: all), --tenant T or --group G")
        return f"environments/{place.environment}"
    if place.environment == "base":
        raise UsageError("base has no tenants and no groups: leave --env out to change all environments")
    home = tenant.folder if tenant else named(place.group or "", repository.groups, "group").folder
    return home if place.environment is None else f"{home}/{place.environment}"


def _file(files: Files, home: str, service: str, pointer: Pointer) -> tuple[str, Document | None]:
    """The service's file in `home`; its `shared.yaml` where only that one sets the key already."""
    own, shared = f"{home}/{service}.yaml", f"{home}/shared.yaml"
    for path in (own, shared):
        document = files.documents.get(path)
        if document and value_at(document.value, pointer, UNSET) is not UNSET:
            return path, document
    for finding in files.findings:
        if finding.location.path == own:
            raise RefusedError(f"{finding.location}: {finding.message}", hint="Mend the file first.")
    return own, files.documents.get(own)


def _refuse_secret(contract: Contract, pointer: Pointer, value: object) -> None:
    """Refuse before anything is shown: what is set, or was there, could be a secret, or a section with one in it."""
    for place, leaf in leaves(value, pointer):
        field = contract.field(place)
        if field is not None and field.secret and leaf is not UNSET and not is_reference(leaf):
            raise RefusedError(
                f"{dotted(place)} is a secret, and never stands in a plain file",
                hint=f"Set it in the encrypted file: terrace secrets set {contract.service} {dotted(place)} --env ENV, "
                "or set a reference to a store: ref+vault://PATH#/KEY",
            )


def _outcomes(source: Source, edited: Source, service: str, pointer: Pointer, path: str) -> Iterator[Outcome]:
    """What becomes of `pointer` in every target that the edited file reaches."""
    for before, after in zip(_configs(source, service), _configs(edited, service), strict=True):
        if path not in [layer.path for layer in (*before.layers, *after.layers)]:
            continue
        old, new = value_at(before.values, pointer, UNSET), value_at(after.values, pointer, UNSET)
        winner = after.winner(pointer)
        overridden = winner is not None and winner.layer.path != path and old == new
        yield Outcome(after.target, old, new, str(winner.location) if winner and overridden else "")


def _configs(source: Source, service: str) -> Iterator[EffectiveConfig]:
    tree = load.Tree(source)
    layering = Layering(load.common(tree))
    for tenant in (None, *load.tenants(tree, tree.tenants)):
        for target in layering.targets(tenant):
            if target.service == service:
                yield layering.effective(target, tenant)


def _new_findings(source: Source, edited: Source, runs_python: bool) -> Iterator[Finding]:
    """What the edited repository has that the one before had not, wherever its line is now."""
    today = datetime.now(UTC).date()
    known = {_identity(finding) for finding in validate_source(source, today=today, runs_python=runs_python).findings}
    for finding in validate_source(edited, today=today, runs_python=runs_python, cached=False).findings:
        if _identity(finding) not in known:
            yield finding


def _identity(finding: Finding) -> tuple[object, ...]:
    return finding.code, finding.location.path, finding.pointer, finding.message
