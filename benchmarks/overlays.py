"""The values that environments and tenants set: valid, clean for production, and never what they inherit anyway."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple

from terrace.model.service import Field

Values = dict[str, object]
Pointer = tuple[str | int, ...]

HELD = frozenset(
    (
        "server.debug", "server.tls.min_version", "server.tls.ciphers", "server.compression.content_types",
        "database.primary.tls_mode", "auth.algorithms", "email.relay.start_tls", "payments.three_d_secure",
        "observability.logs.level", "limits.uploads.types", "cors.methods", "cors.headers", "cors.credentials",
    )
)  # fmt: skip
"""Fields that no overlay sets: another value would be dangerous, or would repeat most of a list."""

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "islet", "knoll", "larch", "moor")


class Scope(NamedTuple):
    """Whose overlay is written: `label` goes into names and addresses, so that no two scopes share one."""

    label: str
    size: int
    always: tuple[Pointer, ...] = ()


def overlay(scope: Scope, fields: Sequence[Field], base: Values, inherited: Sequence[Values], rng: Random) -> Values:
    """`scope.size` leaves of `fields`, each with a value that none of the `inherited` configurations has."""
    order = rng.sample(fields, len(fields))
    order.sort(key=lambda field: field.pointer not in scope.always)
    chosen: dict[Pointer, object] = {}
    for field in order:
        if len(chosen) == scope.size:
            break
        taken = [at(values, field.pointer) for values in inherited]
        value = _another(field, at(base, field.pointer), taken, scope, rng)
        if value is not None:
            chosen[field.pointer] = value
    return _nested((field.pointer, chosen[field.pointer]) for field in fields if field.pointer in chosen)


def may_vary(field: Field) -> bool:
    """Whether overlays may set the field at all."""
    return (
        not field.is_section
        and bool(field.pointer)
        and field.pointer[-1] != "port"
        and ".".join(map(str, field.pointer)) not in HELD
    )


def at(values: Values, pointer: Pointer) -> object:
    """The value at `pointer`, or None."""
    found: object = values
    for part in pointer:
        found = found.get(str(part)) if isinstance(found, dict) else None
    return found


def _another(field: Field, base: object, taken: list[object], scope: Scope, rng: Random) -> object:
    for _ in range(20):
        value = _draw(field, base, scope.label, rng)
        if value not in taken:
            return value
    return None


def _draw(field: Field, base: object, label: str, rng: Random) -> object:
    schema = field.schema
    if "enum" in schema:
        return rng.choice(schema["enum"])
    if isinstance(base, bool):
        return not base
    if isinstance(base, int):
        return rng.randint(max(schema.get("minimum", 0), base // 2), min(schema.get("maximum", 1 << 40), base * 2 + 1))
    if isinstance(base, float):
        return min(schema.get("maximum", 1e9), round(rng.uniform(base * 0.5, base * 1.5), 2))
    if isinstance(base, list):
        return _list(base, label, rng)
    return _name(field, label)


def _list(base: list[object], label: str, rng: Random) -> list[object]:
    if isinstance(base[0], int):
        return [*sorted(rng.sample(range(1, 60), 3))]
    words = rng.sample(WORDS, rng.randint(2, 4))
    if str(base[0]).startswith("https://"):
        return [f"https://{word}.{label}.harbour-kitchen.app" for word in words]
    return [f"{word}-{rng.randint(1, 9)}" for word in words]


def _name(field: Field, label: str) -> str:
    what = "-".join(str(part).replace("_", "-") for part in field.pointer[-2:])
    return {
        "host": f"{what}.{label}.harbour-kitchen.internal",
        "url": f"https://{what}.{label}.harbour-kitchen.app",
        "email": f"{what}@{label}.harbour-kitchen.app",
        "bucket": f"hk-{label}-{what}"[:63],
    }.get(field.identifies, f"{label}-{what}"[:60].rstrip("-"))


def _nested(leaves: Iterable[tuple[Pointer, object]]) -> Values:
    root: Values = {}
    for pointer, value in leaves:
        inner = root
        for part in pointer[:-1]:
            section = inner.setdefault(str(part), {})
            assert isinstance(section, dict)
            inner = section
        inner[str(pointer[-1])] = value
    return root
