"""The whole configuration of a target in the open: plain values, opened secrets, and what references stand for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from terrace.errors import RefusedError
from terrace.layering import Layering
from terrace.model.entities import Tenant
from terrace.model.layers import EffectiveConfig, LayerKind, Target, leaves
from terrace.model.merge import merge
from terrace.model.reference import Reference, is_reference, parse
from terrace.model.secret import Secret
from terrace.model.source import Pointer, dotted
from terrace.model.typed import nest, typed
from terrace.opening import Scalar, by_place
from terrace.refs.policy import policy_of
from terrace.refs.resolve import Resolver, stores_of
from terrace.secrets.opening import Opener
from terrace.secrets.place import SHARED, Place
from terrace.secrets.readable import refuse_unread


def revealed(place: Place, opener: Opener, environ: Mapping[str, str]) -> dict[str, Any]:
    """The effective values of a target, each secret and each resolved reference as a `Secret`.

    Every secrets file and every reference is opened with a record in the audit log, or nothing is given.
    """
    if place.service == SHARED:
        raise RefusedError("shared is no service: it has no configuration of its own")
    refuse_unread(place.read)
    target = Target(place.service, place.environment.name, place.tenant.name if place.tenant else None)
    config = Layering(place.repository).effective(target, place.tenant)
    values: dict[str, Any] = merge(config.values, nest(_resolved(place, config, opener, environ)))
    for document, data in place.secrets():
        opened = by_place(opener.values(document.path, data.decode("utf-8")))
        mine = {pointer: Secret(value) for pointer, value in opened.items() if place.reaching(pointer)}
        values = merge(values, nest(mine))
    ordered: dict[str, Any] = place.contracts[0].ordered(values)
    return ordered


def _resolved(
    place: Place, config: EffectiveConfig, opener: Opener, environ: Mapping[str, str]
) -> dict[Pointer, Secret[Scalar]]:
    wanted = {pointer: value for pointer, value in leaves(config.values) if is_reference(value)}
    if not wanted:
        return {}
    policy = policy_of(place.repository.environments, place.environment.name)
    resolver = Resolver(stores_of(environ, str(Path(place.root).resolve())), policy)
    found: dict[Pointer, Secret[Scalar]] = {}
    for pointer, text in wanted.items():
        reference = parse(text)
        if not isinstance(reference, Reference):
            raise RefusedError(f"{dotted(pointer)}: the reference is not well formed", hint="terrace validate")
        owner = _owner(config, pointer, place.tenant)
        give = partial(_asked, resolver, reference, owner, pointer)
        value = opener.release(str(reference), give)[pointer]
        field = place.contracts[0].field(pointer)
        found[pointer] = typed(str(value), field, pointer) if field is not None else Secret(str(value))
    return found


def _asked(resolver: Resolver, reference: Reference, owner: str, pointer: Pointer) -> dict[Pointer, Scalar]:
    return {pointer: resolver.resolve(reference, tenant=owner).value}


def _owner(config: EffectiveConfig, pointer: Pointer, tenant: Tenant | None) -> str:
    """The tenant whose layer a value stands in; empty where it is everybody's."""
    winner = config.winner(pointer)
    return tenant.name if tenant and winner and winner.layer.kind is LayerKind.TENANT else ""


def in_the_open(value: Any) -> Any:
    """The same values without anything around secrets. Whoever calls this answers for where they go."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, dict):
        return {key: in_the_open(inner) for key, inner in value.items()}
    return [in_the_open(inner) for inner in value] if isinstance(value, list) else value
