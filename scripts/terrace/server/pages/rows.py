"""The values of a slice as rows: what each is, where it was set, and what is hidden with the file that holds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from terrace.bundle import Bundle, Slice
from terrace.model.layers import leaves
from terrace.model.merge import merge
from terrace.model.reference import is_reference
from terrace.model.service import Contract
from terrace.model.source import Pointer, dotted
from terrace.model.typed import nest
from terrace.server.contents import MIB, Contents, Kept
from terrace.server.origins import DEFAULT, Origins
from terrace.server.pages.drawing import Text, text_of
from terrace.server.places import secrets_among, without
from terrace.server.stand import Snapshot

SEALED = "sealed"
REFERENCE = "reference"
LAYERS = ("default", "base", "environment", "group", "tenant")


class Origin(NamedTuple):
    """Where a value was set: the kind of layer, and the file with line and column; `where` is empty for a default."""

    layer: str
    where: str


class Row(NamedTuple):
    """One value. `section` and `name` make its path; `hidden` is `sealed`, `reference` or empty."""

    path: str
    section: str
    name: str
    value: Text
    hidden: str
    origin: Origin
    about: str = ""
    unit: str = ""
    variable: str = ""


class Slicing:
    """Reads slices, of the bundle that is served or of one before it."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._origins = Origins()
        self._names: Kept[tuple[Pointer, ...]] = Kept(4 * MIB)

    def rows(self, snapshot: Snapshot, tenant: str, part: Slice) -> list[Row]:
        """The rows of a slice, in the order of its contract. Raises `BundleError` if it cannot be read."""
        values, hidden = self.plain(snapshot.bundle, snapshot.contract, part)
        # What is hidden has its place among the others; what it is was never read.
        every = snapshot.contract.ordered(_with(values, hidden))
        origins = self._origins.of(snapshot, tenant, every)
        return [_row(snapshot.contract, pointer, value, hidden, origins) for pointer, value in leaves(every)]

    def plain(self, bundle: Bundle, contract: Contract, part: Slice) -> tuple[dict[str, Any], dict[Pointer, str]]:
        """The values of a slice that are no secrets, and the places of those that are.

        Each of these has the file of the layer that seals it, or nothing if a secret manager has it.
        """
        plain = bundle.values_in(part.config, self._contents.read(bundle, part.config))
        hidden = dict.fromkeys(secrets_among(plain, contract, is_reference), "")
        for layer, file in part.secrets:
            hidden.update(dict.fromkeys(self._names_in(bundle, contract, file), layer))
        return without(plain, hidden), hidden

    def _names_in(self, bundle: Bundle, contract: Contract, file: str) -> tuple[Pointer, ...]:
        from terrace.sops import inspect

        key = (bundle.manifest.files[file].sha256, bundle.manifest.schema_sha256)
        known = self._names.get(key)
        if known is None:
            sealed = inspect(self._contents.read(bundle, file).decode("utf-8", "replace"))
            found = (leaf.pointer for leaf in sealed.leaves if leaf.pointer and leaf.pointer[0] in contract.sections)
            known = self._names.put(key, tuple(found), 1000)
        return known


def layer_of(path: str) -> str:
    """The kind of layer that a file is, by its place in the repository."""
    parts = path.split("/")
    if path == DEFAULT:
        return "default"
    if parts[0] == "environments":
        return "base" if parts[1:2] == ["base"] else "environment"
    if parts[0] == "tenants":
        return "group" if parts[1:2] == ["_groups"] else "tenant"
    return "other"


def sections(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by their section, in order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.section, []).append(row)
    return found


def _row(
    contract: Contract, pointer: Pointer, value: object, hidden: Mapping[Pointer, str], origins: Mapping[Pointer, str]
) -> Row:
    field = contract.field(pointer)
    path, where = dotted(pointer), origins.get(pointer, DEFAULT)
    kind = ""
    if pointer in hidden:
        kind, where = (SEALED, hidden[pointer]) if hidden[pointer] else (REFERENCE, where)
        value = None
    layer = layer_of(where)
    origin = Origin(layer, "" if layer == "default" else where)
    section, name = dotted(pointer[:1]), dotted(pointer[1:]) or dotted(pointer)
    if field is None:
        return Row(path, section, name, text_of(value), kind, origin)
    about = " ".join(field.description.split())
    return Row(path, section, name, text_of(value), kind, origin, about, field.unit, field.env_var)


def _with(values: dict[str, Any], hidden: Iterable[Pointer]) -> dict[str, Any]:
    """`values`, with something at each of the places that are hidden."""
    found: dict[str, Any] = merge(values, nest(dict.fromkeys(hidden, "")))
    return found
