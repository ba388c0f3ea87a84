"""# Rotation policy that cannot work

`rotation` in an `environment.yaml` names a secret that is not there, or says of it what cannot be done.

**Why.** Who reads the policy believes that the secret is renewed. Nothing renews it, and nobody is told.

**Fix.** Name the service and the path of a secret, as its contract has them: `app.database.password`. A policy for a
`Rotating` field is that of the field, not of `current` in it. What a policy may say is in the page on rotation; together
with what the contract says, it must suit the field: an overlap needs a `Rotating` field, and a generator makes a text that
the field takes.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.closest import closest
from terrace.model.entities import Repository
from terrace.model.rotation import faults, is_rotating
from terrace.model.service import Contract, Field
from terrace.model.source import Document
from terrace.validate.rule import Example, Hit, rule

_PATH = "environments/staging/environment.yaml"
_STAGING = "kind: staging\nreferences: [vault://shop/]\nrotation:\n"
GOOD = (
    Example({_PATH: f"{_STAGING}  app.database.password: {{max_age: 90d, generate: {{password: {{length: 16}}}}}}\n"}),
    Example({_PATH: f"{_STAGING}  app.mail.token:\n    max_age: 4w\n    hook: [revoke-token, --all]\n"}),
)
BAD = (
    Example(
        {_PATH: f"{_STAGING}  app.database.passwort: {{max_age: 90d}}\n"},
        f"{_PATH}:4",
        'rotation."app.database.passwort"',
    ),
    Example({_PATH: f"{_STAGING}  shop.token: {{max_age: 90d}}\n"}, f"{_PATH}:4", 'rotation."shop.token"'),
    Example(
        {_PATH: f"{_STAGING}  app.database.host: {{max_age: 90d}}\n"}, f"{_PATH}:4", 'rotation."app.database.host"'
    ),
    Example(
        {_PATH: f"{_STAGING}  app.mail.token: {{max_age: 90d, overlap: 24h}}\n"},
        f"{_PATH}:4",
        'rotation."app.mail.token".overlap',
    ),
)


@rule("SEC036", "rotation policy that cannot work", on="repository")
def check(repository: Repository) -> Iterator[Hit]:
    """Every policy of an environment that names no secret, or does not suit the one it names."""
    for environment in repository.environments.values():
        said = environment.document.value.get("rotation") if environment.document else None
        if environment.document and isinstance(said, dict):
            for name, policy in said.items():
                yield from _of(repository, environment.document, name, policy)


def _of(repository: Repository, document: Document, name: str, policy: object) -> Iterator[Hit]:
    pointer = ("rotation", name)
    service, _, path = name.partition(".")
    contract = repository.contracts.get(service)
    if contract is None:
        near = closest(service, repository.contracts)
        hint = f"Did you mean {near}?" if near else "Begin with the name of a service: app.database.password."
        yield Hit(
            f"there is no service {service!r} to rotate secrets of", document.at(pointer, key=True), pointer, hint
        )
        return
    field = contract.field(tuple(path.split("."))) if path else None
    if field is None:
        near = closest(path, _secrets(contract))
        hint = f"Did you mean {service}.{near}?" if near else f"{service} has no such secret."
        yield Hit(f"{service} has no field {path!r}", document.at(pointer, key=True), pointer, hint)
        return
    merged = {**field.rotation, **policy} if isinstance(policy, dict) else policy
    for fault in faults(merged, field):
        place = (*pointer, fault.keyword) if isinstance(policy, dict) and fault.keyword in policy else pointer
        hint = f"{fault.hint[:1].upper()}{fault.hint[1:]}."
        yield Hit(f"{path} of {service} {fault.message}", document.at(place), place, hint)


def _secrets(contract: Contract) -> list[str]:
    return [".".join(map(str, pointer)) for pointer in _pointers(contract.root)]


def _pointers(field: Field) -> Iterator[tuple[str | int, ...]]:
    for child in field.properties.values():
        if child.secret and (is_rotating(child) or not child.is_section):
            yield child.pointer
        else:
            yield from _pointers(child)
