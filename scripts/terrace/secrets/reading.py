"""Secrets of a target as they stand: where each comes from without a key, and the value of one with a key."""

from __future__ import annotations

from typing import NamedTuple

from terrace.errors import UsageError
from terrace.model.layers import leaves
from terrace.model.recipients import Recipient, shortened
from terrace.model.reference import is_reference
from terrace.model.sealed_files import is_proposal
from terrace.model.secret import Secret
from terrace.model.source import Location, Pointer, dotted
from terrace.opening import by_place
from terrace.secrets.opening import Opener
from terrace.secrets.place import SHARED, Place

_TYPES = {"str": "text", "int": "integer", "float": "number", "bool": "boolean"}


class Listed(NamedTuple):
    """One secret of a target without its value. `location` is None where nothing sets it, `type` is then empty.

    `kind` is sealed, proposed, reference or missing; `required` says whether the contract asks for it.
    """

    pointer: Pointer
    type: str
    kind: str
    location: Location | None
    required: bool


def listed(place: Place) -> list[Listed]:
    """Every secret that a target has or could have, by path."""
    found: dict[Pointer, Listed] = {}
    required = {pointer for contract in place.contracts for pointer in contract.required_secrets}
    for contract in place.contracts:
        for field in contract.root.walk():
            if field.secret and not field.is_section:
                found[field.pointer] = Listed(field.pointer, "", "missing", None, field.pointer in required)
    for pointer, location in _references(place):
        found[pointer] = Listed(pointer, "text", "reference", location, pointer in required)
    for document, data in place.secrets():
        kind = "proposed" if is_proposal(document.path) else "sealed"
        types = _types(data)
        for pointer, _ in leaves(document.value):
            if pointer and place.reaching(pointer):
                location, shown = document.at(pointer), types.get(pointer, "text")
                found[pointer] = Listed(pointer, shown, kind, location, pointer in required)
    return sorted(found.values(), key=lambda each: [str(part) for part in each.pointer])


def one(place: Place, pointer: Pointer, opener: Opener) -> Secret[str]:
    """The value of one secret as text: of the strongest file that sets it."""
    for document, data in reversed(place.secrets()):
        if pointer in [leaf for leaf, _ in leaves(document.value)]:
            value = by_place(opener.values(document.path, data.decode("utf-8")))[pointer]
            if isinstance(value, bytes):
                raise UsageError(f"{dotted(pointer)} holds bytes, which are no text")
            return Secret(str(value).lower() if isinstance(value, bool) else str(value))
    for place_of, location in _references(place):
        if place_of == pointer:
            hint = f"terrace show {place.service} --env {place.environment.name} --reveal"
            raise UsageError(f"{dotted(pointer)} is a reference to a secret manager, in {location}", hint=hint)
    raise UsageError(
        f"{dotted(pointer)} is not set in {place.environment.name}",
        hint=f"Set it: terrace secrets set {place.service} {dotted(pointer)} --env {place.environment.name}",
    )


def openers(place: Place, pointer: Pointer) -> tuple[Location, tuple[Recipient, ...]]:
    """Where a secret stands in the strongest file that sets it, and who opens that file, by what the file says.

    Somebody whom the register does not know has no kind, and the beginning of the key for a name.
    """
    from terrace.sops import inspect

    register = place.repository.register
    for document, data in reversed(place.secrets()):
        if pointer in [leaf for leaf, _ in leaves(document.value)]:
            keys = dict.fromkeys(each.recipient for each in inspect(data.decode("utf-8")).recipients)
            found = [register.by_key(key) or Recipient(shortened(key), "", key) for key in keys]
            return document.at(pointer), tuple(found)
    name = place.environment.name
    hint = f"What is: terrace secrets list {place.service} --env {name}"
    raise UsageError(f"{dotted(pointer)} is in no secrets file of {name}", hint=hint)


def _references(place: Place) -> list[tuple[Pointer, Location]]:
    """The secrets for which a plain layer of the target gives a reference."""
    from terrace.layering import Layering
    from terrace.model.layers import Target

    if place.service == SHARED:
        return []
    target = Target(place.service, place.environment.name, place.tenant.name if place.tenant else None)
    config = Layering(place.repository).effective(target, place.tenant)
    found = []
    for pointer, value in leaves(config.values):
        field = place.contracts[0].field(pointer)
        winner = config.winner(pointer) if field and field.secret and is_reference(value) else None
        if winner is not None:
            found.append((pointer, winner.location))
    return found


def _types(data: bytes) -> dict[Pointer, str]:
    from terrace.sops import inspect

    return {leaf.pointer: _TYPES.get(leaf.label, leaf.label) for leaf in inspect(data.decode("utf-8")).leaves}
