"""Manifests of the External Secrets Operator for the references of an environment's targets. No store is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import RefusedError, StoreError
from terrace.layering import Layering
from terrace.model.layers import leaves
from terrace.model.reference import Reference, is_reference, parse
from terrace.model.source import dotted

if TYPE_CHECKING:
    from terrace.model.entities import Repository, Tenant
    from terrace.model.layers import EffectiveConfig, Target
    from terrace.model.source import Pointer

_HEAD = "# From the references of {target}: terrace secrets eso. Do not edit.\n"


class Options(NamedTuple):
    """What a cluster calls things, and how often it looks. `stores` are the names of its stores by ours."""

    namespace: str = ""
    refresh: str = "1h"
    kind: str = "SecretStore"
    stores: Mapping[str, str] = {}


def manifests(
    repository: Repository, environment: str, tenant: Tenant | None, service: str, options: Options
) -> Iterator[tuple[str, str]]:
    """The name and the YAML of the manifest of each target with references; of one service, if it is named."""
    from terrace.refs.eso import manifest

    layering = Layering(repository)
    for target in layering.targets(tenant):
        if target.environment == environment and service in ("", target.service):
            references = _references(layering.effective(target, tenant))
            if references:
                name = _name(target)
                text = manifest(name, references, **options._asdict())
                yield name, _HEAD.format(target=_told(target)) + text


def _references(config: EffectiveConfig) -> dict[Pointer, Reference]:
    """The references of a target. One that the operator cannot fetch is refused with the place where it stands."""
    from terrace.refs.eso import refuse_local

    found: dict[Pointer, Reference] = {}
    for pointer, value in leaves(config.values):
        if is_reference(value):
            winner = config.winner(pointer)
            where = f"{winner.location}: {dotted(pointer)}" if winner else dotted(pointer)
            reference = parse(value)
            if not isinstance(reference, Reference):
                raise RefusedError(f"{where} is no reference that is well formed", hint="Look: terrace validate")
            try:
                refuse_local(reference)
            except StoreError as error:
                raise RefusedError(f"{where}: {error.message}", hint=error.hint) from None
            found[pointer] = reference
    return found


def _name(target: Target) -> str:
    return f"{target.service}-{target.tenant}" if target.tenant else target.service


def _told(target: Target) -> str:
    return f"{target.service} in {target.environment}" + (f" for {target.tenant}" if target.tenant else "")
