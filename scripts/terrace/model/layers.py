"""Targets, the layers that make their configuration, and where each value of the result came from."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from terrace.model.source import Document, Location, Pointer


class Target(NamedTuple):
    """What an effective configuration is computed for."""

    service: str
    environment: str
    tenant: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in self if part)


class LayerKind(IntEnum):
    """The ranks of layers, weakest first. The schema's default is weaker than all of them."""

    BASE = 1
    ENVIRONMENT = 2
    GROUP = 3
    TENANT = 4
    LOCAL = 5


class Layer:
    """One file's contribution to targets. `environment` is None for layers that all environments share."""

    __slots__ = ("document", "environment", "kind", "name", "values")

    def __init__(
        self, name: str, kind: LayerKind, environment: str | None, document: Document, values: dict[str, Any]
    ) -> None:
        self.name = name
        self.kind = kind
        self.environment = environment
        self.document = document
        self.values = values

    @property
    def path(self) -> str:
        """The file the layer stands in."""
        return self.document.path


class Contribution(NamedTuple):
    """What one layer says of one place: `value` is None where it removes what it inherited.

    `pointer` is where the layer says it: the place itself, or a parent that it replaces or removes as a whole.
    """

    layer: Layer
    value: Any
    pointer: Pointer

    @property
    def location(self) -> Location:
        """The place in the layer's file."""
        return self.layer.document.at(self.pointer)


class EffectiveConfig:
    """The merged result for one target: the plain values with the schema's defaults written out, and its layers.

    `beneath` is what lies under each of the last layers, those of the tenant and its groups, merged with defaults.
    `refines`: those layers only give other values to what their environment has; they remove and add no section.
    """

    __slots__ = ("beneath", "layers", "refines", "target", "values")

    def __init__(
        self,
        target: Target,
        layers: tuple[Layer, ...],
        values: dict[str, Any],
        beneath: tuple[dict[str, Any], ...] = (),
        refines: bool = False,
    ) -> None:
        self.target = target
        self.layers = layers
        self.values = values
        self.beneath = beneath
        self.refines = refines

    def kept(self) -> EffectiveConfig:
        """The same without `beneath`, which only validation asks for: for those who keep many."""
        return EffectiveConfig(self.target, self.layers, self.values)

    @property
    def overlays(self) -> tuple[Layer, ...]:
        """The layers that are the target's own: those of the tenant and its groups, and local ones over them."""
        return self.layers[len(self.layers) - len(self.beneath) :]

    def contributions(self, pointer: Pointer) -> Iterator[Contribution]:
        """What the layers say of `pointer`, strongest first; the first one wins. None: the schema's default holds.

        A layer that gives a map where `pointer` names a section says nothing of its own: ask for the leaves below.
        """
        for layer in reversed(self.layers):
            said = contribution(layer, pointer)
            if said is not None:
                yield said

    def winner(self, pointer: Pointer) -> Contribution | None:
        """The contribution that gave the value at `pointer`, or None where it is the schema's default."""
        first = next(self.contributions(pointer), None)
        return first if first is not None and first.value is not None else None


def contribution(layer: Layer, pointer: Pointer) -> Contribution | None:
    """What `layer` says of `pointer`, if anything."""
    value: Any = layer.values
    for depth, part in enumerate(pointer):
        if isinstance(value, dict):
            if part not in value:
                return None
            value = value[part]
        else:
            inner = value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None
            return Contribution(layer, inner, pointer if inner is not None else pointer[:depth])
    return Contribution(layer, value, pointer)


def value_at(value: Any, pointer: Pointer, default: object = None) -> Any:
    """What stands at exactly `pointer` in `value`, also inside of lists; `default` where nothing does."""
    for part in pointer:
        if isinstance(value, dict):
            inside = part in value
        else:
            inside = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if not inside:
            return default
        value = value[part]
    return value


def leaves(value: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Every leaf below `value`: scalars, lists (as one leaf each) and empty maps."""
    if isinstance(value, dict) and (value or not pointer):
        for key, inner in value.items():
            yield from leaves(inner, (*pointer, key))
    else:
        yield pointer, value
