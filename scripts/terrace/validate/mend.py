"""Where a problem of an effective config must be mended: in the file that gave the value, or that should give it."""

from __future__ import annotations

from collections.abc import Callable

from terrace.model.service import Contract
from terrace.model.source import Location, Pointer
from terrace.validate.rule import TargetView
from terrace.validate.schema import Problem


def mended(view: TargetView, problem: Problem) -> Callable[..., Location]:
    """The place of a problem, as a function of the pointer at it; with `key`, the place of the key."""

    def at(pointer: Pointer, *, key: bool = False) -> Location:
        if problem.keyword == "required" and not _is_entry(view.contract, problem.pointer):
            return view.supply((*pointer, problem.name))
        leaf = tuple(part for part in pointer if isinstance(part, str))
        said = next(view.config.contributions(leaf), None)
        if said is None or said.value is None:
            return view.supply(pointer)
        return said.layer.document.at(pointer, key=key)

    return at


def _is_entry(contract: Contract, pointer: Pointer) -> bool:
    """Whether `pointer` leads into an entry of a free map or an item of a list: what it lacks, its own layer lacks."""
    field = contract.field(pointer)
    return field is not None and ("*" in field.pointer or 0 in field.pointer)
