"""# JsonLogic that is not run

A condition's `jsonlogic`, or a state's `targeting`, uses an operator that does not exist, that repeats its work for each
item of a list (`map`, `filter`, `reduce`, `all`, `some`, `none`), or that writes what it is given (`log`); or it divides
by a nought that stands there.

**Why.** Whoever asks for flags sends the lists, and evaluation happens while they wait: a loop over what a stranger
sends, or a loop in a loop, keeps a server from answering anybody. `log` puts whole contexts, with whatever is personal
in them, onto the output. An operator that is not there, or a division by nought, gives an error to everybody.

**Fix.** Say it with conditions, which need no loops; a list that is known is `in`. What an application has to work out, it
can work out itself and send as an attribute.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from terrace.model.closest import closest
from terrace.model.source import Document, Pointer
from terrace.validate.flag_places import written
from terrace.validate.flag_text import in_production
from terrace.validate.rule import Example, FlagsView, Hit, rule

OPERATORS = frozenset((
    "var", "missing", "missing_some", "if", "?:", "==", "===", "!=", "!==", "!", "!!", "or", "and", ">", ">=", "<", "<=",
    "+", "-", "*", "/", "%", "min", "max", "in", "cat", "substr", "merge",
    "fractional", "sem_ver", "starts_with", "ends_with",
))  # fmt: skip
"""What flagd's evaluators have, but for loops and `log`: https://flagd.dev/reference/custom-operations/ and
https://jsonlogic.com/operations.html"""
_LOOPS = frozenset(("map", "filter", "reduce", "all", "some", "none"))
_STATE = "flags.new-menu.environments.production"

GOOD = (
    Example(in_production("targeting: {if: [{in: [{var: tenant}, [acme, bolt]]}, on, off]}")),
    Example(in_production("rules:", "  - {when: {jsonlogic: {'==': [{'%': [{var: age}, 2]}, 0]}}, serve: on}")),
)
BAD = (
    Example(
        in_production("targeting: {if: [{some: [{var: roles}, {'==': [{var: ''}, admin]}]}, on, off]}"),
        "flags/shop.yaml:12",
        f"{_STATE}.targeting.if[0].some",
    ),
    Example(
        in_production("rules:", "  - {when: {jsonlogic: {log: {var: ''}}}, serve: on}"),
        "flags/shop.yaml:13",
        f"{_STATE}.rules[0].when.jsonlogic.log",
    ),
    Example(
        in_production("targeting: {if: [{equals: [{var: tenant}, acme]}, on, off]}"),
        "flags/shop.yaml:12",
        f"{_STATE}.targeting.if[0].equals",
    ),
    Example(
        in_production("targeting: {if: [{'==': [{'%': [{var: age}, 0]}, 1]}, on, off]}"),
        "flags/shop.yaml:12",
        f"{_STATE}.targeting.if[0].==[0].%",
    ),
)


@rule("FLG017", "JsonLogic that is not run", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every operator of raw JsonLogic that the evaluator must not be given."""
    for flag in view.flags:
        yield from _in_conditions(written(flag), flag.document, flag.pointer)
    for segment in view.segments:
        yield from _in_conditions(segment.when, segment.document, (*segment.pointer, "when"))


def _in_conditions(said: Any, document: Document, pointer: Pointer) -> Iterator[Hit]:
    """Look for raw JsonLogic in what is written."""
    if isinstance(said, list):
        for index, each in enumerate(said):
            yield from _in_conditions(each, document, (*pointer, index))
    elif isinstance(said, dict):
        for key, each in said.items():
            search = _in_logic if key in ("jsonlogic", "targeting") else _in_conditions
            yield from search(each, document, (*pointer, key))


def _in_logic(said: Any, document: Document, pointer: Pointer) -> Iterator[Hit]:
    if isinstance(said, list):
        for index, each in enumerate(said):
            yield from _in_logic(each, document, (*pointer, index))
    elif isinstance(said, dict):
        for key, each in said.items():
            place = (*pointer, key)
            wrong = _wrong(key, each) if len(said) == 1 else None
            if wrong:
                yield Hit(wrong[0], document.at(place, key=True), place, wrong[1])
            else:
                yield from _in_logic(each, document, place)


def _wrong(operator: str, given: Any) -> tuple[str, str] | None:
    """What is wrong with an operator, and what to do."""
    if operator in _LOOPS:
        return f"'{operator}' repeats its work for each item of a list", "Use conditions; for a list that is known, in."
    if operator == "log":
        return "'log' writes what it is given onto the output", "Leave it out."
    if operator not in OPERATORS:
        close = closest(operator, sorted(OPERATORS))
        return f"JsonLogic has no operator '{operator}'", f"Did you mean '{close}'?" if close else ""
    if operator in ("/", "%") and isinstance(given, list) and len(given) > 1 and given[1] == 0:
        return f"'{operator}' divides by nought", "Give it another number."
    return None
