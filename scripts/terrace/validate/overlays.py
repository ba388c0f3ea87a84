"""The leaves of overlays, each with what it lies over: what there would be if the overlay did not say it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from terrace.layering import Layering
from terrace.model.entities import Files, Tenant
from terrace.model.layers import EffectiveConfig, Layer, LayerKind, Target, contribution, leaves
from terrace.model.service import Contract, Field
from terrace.model.source import Pointer
from terrace.validate.rule import NOTHING, Below, Family, Overlay

_NOBODY = "\0"
"""The folder of a tenant that has no files: what is left of its configuration is its groups'."""


class _Use(NamedTuple):
    """A layer in a target, by its place among the target's layers."""

    config: EffectiveConfig
    rank: int

    def beneath(self) -> dict[str, Any] | None:
        """What lies under the layer, merged; None where nobody kept it."""
        kept = self.rank - len(self.config.layers)
        return self.config.beneath[kept] if -kept <= len(self.config.beneath) else None


class Overlays:
    """The leaves of overlays in families of targets. What layers below tenants merge to is kept."""

    def __init__(self, layering: Layering) -> None:
        self._layering = layering
        self._of_groups: dict[tuple[str, str], list[tuple[Overlay, frozenset[str]]]] = {}

    def of(self, family: Family) -> Iterator[tuple[Overlay, tuple[str, ...]]]:
        """Each leaf of each overlay that belongs to the family alone, with the targets it reaches there."""
        if family.tenant:
            wanted = _uses(family.configs, lambda layer, _: layer.kind is LayerKind.TENANT)
            yield from _with_targets(self._overlays(family.contract, wanted, {}), family)
            yield from self._reaching(family, family.tenant)
            return
        own = self._overlays(family.contract, _uses(family.configs, _of_its_own), {})
        yield from _with_targets(own, family)
        groups = {name: self._group(family, name) for name in family.repository.groups}
        for name, uses in groups.items():
            others = {layer: use for other, found in groups.items() if other != name for layer, use in found.items()}
            found = list(self._overlays(family.contract, uses, others))
            self._of_groups[family.service, name] = found
            # Which tenants are in the group is known when they are judged: each adds the targets that it has.
            yield from ((overlay, ()) for overlay, _ in found)

    def _reaching(self, family: Family, tenant: Tenant) -> Iterator[tuple[Overlay, tuple[str, ...]]]:
        """The leaves of the tenant's groups again, with the targets of this tenant that they reach."""
        for name in tenant.groups:
            yield from _with_targets(self._of_groups.get((family.service, name), ()), family)

    def _group(self, family: Family, name: str) -> dict[Layer, list[_Use]]:
        """The layers of a group in each environment, as they lie over it for a tenant of this group alone."""
        tenant = Tenant("", _NOBODY, Files(), groups=(name,))
        configs = {
            environment: self._layering.effective(Target(family.service, environment), tenant)
            for environment in family.configs
        }
        return _uses(configs, lambda layer, _: layer.kind is LayerKind.GROUP)

    def _overlays(
        self, contract: Contract, uses: Mapping[Layer, list[_Use]], others: Mapping[Layer, list[_Use]]
    ) -> Iterator[tuple[Overlay, frozenset[str]]]:
        """Each leaf, and the environments in which it lies over something."""
        for layer, places in uses.items():
            environments = frozenset(place.config.target.environment for place in places)
            for pointer, value in _worth_a_look(layer.values, places[0].beneath()):
                below = tuple(self._below(contract, place, pointer) for place in places)
                other = any(contribution(stranger, pointer) for stranger in others)
                services = self._services(layer, pointer)
                field = contract.field(pointer)
                yield Overlay(layer.document, pointer, value, field, below, services, other), environments

    def _services(self, layer: Layer, pointer: Pointer) -> int:
        if not layer.path.endswith("/shared.yaml"):
            return 1
        return sum(pointer[0] in contract.sections for contract in self._layering.repository.contracts.values())

    def _below(self, contract: Contract, use: _Use, pointer: Pointer) -> Below:
        for layer in reversed(use.config.layers[: use.rank]):
            said = contribution(layer, pointer)
            if said is None or (said.value == {} and said.pointer == pointer):
                continue
            if said.value is None or said.pointer != pointer:
                break
            return Below(said.value, layer)
        return Below(_default(contract, pointer), None)


def _with_targets(
    found: Iterable[tuple[Overlay, frozenset[str]]], family: Family
) -> Iterator[tuple[Overlay, tuple[str, ...]]]:
    """Each leaf with the targets of the family that are in its environments; left out where there are none."""
    for overlay, environments in found:
        targets = tuple(str(config.target) for name, config in family.configs.items() if name in environments)
        if targets:
            yield overlay, targets


def _worth_a_look(values: dict[str, Any], under: Any) -> Iterator[tuple[Pointer, Any]]:
    """The leaves that may say what is said already, nothing at all, or a list again. Most leaves are none of these."""
    if under is None:
        yield from ((pointer, value) for pointer, value in leaves(values) if pointer)
        return
    stack: list[tuple[Pointer, dict[str, Any], Any]] = [((), values, under)]
    while stack:
        pointer, above, below = stack.pop()
        for key, value in above.items():
            said = below.get(key) if isinstance(below, dict) else None
            if isinstance(value, dict) and value:
                stack.append(((*pointer, key), value, said))
            elif value == said or value is None or isinstance(value, dict | list):
                yield (*pointer, key), value


def _default(contract: Contract, pointer: Pointer) -> Any:
    """The schema's default, where it is sure to hold without the overlay: not if the overlay makes the section."""
    field = contract.field(pointer)
    if field is None or not field.has_default or "*" in field.pointer:
        return NOTHING
    for depth in range(1, len(pointer)):
        section = contract.field(pointer[:depth])
        if section is None or section.nullable or not _agrees(section, pointer[depth:], field.default):
            return NOTHING
    return field.default


def _agrees(section: Field, path: Pointer, default: Any) -> bool:
    """Whether a section's own default says the same of a field as the field's."""
    said = section.default
    for part in path:
        if not isinstance(said, dict) or part not in said:
            return True
        said = said[part]
    return bool(said == default)


def _uses(
    configs: Mapping[str, EffectiveConfig], wanted: Callable[[Layer, EffectiveConfig], bool]
) -> dict[Layer, list[_Use]]:
    uses: dict[Layer, list[_Use]] = {}
    for config in configs.values():
        for index, layer in enumerate(config.layers):
            if wanted(layer, config):
                uses.setdefault(layer, []).append(_Use(config, index))
    return uses


def _of_its_own(layer: Layer, config: EffectiveConfig) -> bool:
    """Whether it is the environment's own layer. Those it extends lie over the same in their own targets."""
    return layer.kind is LayerKind.ENVIRONMENT and layer.environment == config.target.environment
