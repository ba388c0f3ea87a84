"""Why a value is what it is: the layer that won, those it shadowed, the default, and the variable that could."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from terrace.errors import UsageError
from terrace.model.layers import Contribution, EffectiveConfig, leaves, value_at
from terrace.model.merge import merge
from terrace.model.service import Contract, Field
from terrace.model.source import Location, Pointer, dotted

MASK = "********"
"""What stands for a secret's value wherever one would be shown."""


class Explained(NamedTuple):
    """One leaf of an effective config with its story. `contributions` go from the strongest layer to the weakest.

    Where the first of them has the value None, or there are none, the schema's default holds. `sealed` is the place in
    a secrets file, which comes before all of them; the value is then a mask.
    """

    pointer: Pointer
    value: Any
    contributions: tuple[Contribution, ...]
    field: Field | None
    variable: str
    variable_named: bool
    sealed: Location | None = None

    @property
    def is_default(self) -> bool:
        """Whether the schema's default is the value."""
        if self.sealed is not None:
            return False
        return not self.contributions or self.contributions[0].value is None


class Change(NamedTuple):
    """One leaf that differs between two effective configs; a side where it is not set has `present` False."""

    pointer: Pointer
    left: Any
    right: Any
    in_left: bool
    in_right: bool


def explain(
    config: EffectiveConfig, contract: Contract, pointer: Pointer, sealed: Mapping[Pointer, Location] | None = None
) -> list[Explained]:
    """The leaf at `pointer`, or every leaf below it. A path that leads nowhere is a UsageError with a suggestion.

    `sealed` says where secrets are sealed, by path.
    """
    places = sealed or {}
    try:
        values = contract.ordered(masked(config.values, places)) if places else config.values
        found = at(values, pointer, contract)
    except UsageError:
        said = next(config.contributions(pointer), None)
        if said is None or value_at(said.layer.values, said.pointer, MASK) is not None:
            raise
        return [_explained(config, contract, pointer, None, None)]  # removed, and nothing shows in its place
    return [_explained(config, contract, leaf, value, places.get(leaf)) for leaf, value in leaves(found, pointer)]


def masked(values: dict[str, Any], sealed: Mapping[Pointer, Location]) -> dict[str, Any]:
    """The values with a mask where a secret is sealed."""
    for pointer in sealed:
        mask: Any = MASK
        for part in reversed(pointer):
            mask = {part: mask}
        values = merge(values, mask)
    return values


def at(values: Any, pointer: Pointer, contract: Contract) -> Any:
    """The value at `pointer`; a path that leads nowhere is a UsageError that names close ones."""
    for depth, part in enumerate(pointer):
        inside = isinstance(values, dict) and part in values
        if not inside and not (isinstance(values, list) and isinstance(part, int) and part < len(values)):
            raise _nowhere(values, pointer, depth, contract)
        values = values[part]
    return values


def difference(left: EffectiveConfig, right: EffectiveConfig) -> list[Change]:
    """Every leaf that is not the same on both sides, by path."""
    ours, theirs = dict(leaves(left.values)), dict(leaves(right.values))
    changes = []
    for pointer in sorted(ours.keys() | theirs.keys(), key=lambda pointer: [str(part) for part in pointer]):
        change = Change(pointer, ours.get(pointer), theirs.get(pointer), pointer in ours, pointer in theirs)
        same = type(change.left) is type(change.right) and change.left == change.right
        if not (same and change.in_left and change.in_right):
            changes.append(change)
    return changes


def _explained(
    config: EffectiveConfig, contract: Contract, pointer: Pointer, value: Any, sealed: Location | None
) -> Explained:
    field = contract.field(pointer)
    said = tuple(config.contributions(pointer))
    variable = contract.env_var(field) if field is not None and not field.secret else ""
    return Explained(pointer, value, said, field, variable, bool(field and field.env_var), sealed)


def _nowhere(values: Any, pointer: Pointer, depth: int, contract: Contract) -> UsageError:
    field = contract.field(pointer)
    if field is not None and field.pointer and field.secret:
        return UsageError(
            f"{dotted(pointer)} is a secret: plain layers say nothing of it",
            hint="Secrets stand in the *.secrets.yaml files of an environment, or of a tenant in an environment.",
        )
    if field is not None:
        return UsageError(f"{dotted(pointer)} is not set here, and has no default")
    every = [dotted(leaf.pointer) for leaf in contract.root.walk() if leaf.pointer]
    known = [dotted((*pointer[:depth], key)) for key in values] if isinstance(values, dict) else []
    close = get_close_matches(dotted(pointer), every + known, n=1) or get_close_matches(
        str(pointer[depth]), [str(key) for key in values] if isinstance(values, dict) else [], n=1
    )
    hint = f"Did you mean {close[0]}?" if close else "`terrace show` prints what there is."
    return UsageError(f"there is no {dotted(pointer)} in {contract.service}", hint=hint)
