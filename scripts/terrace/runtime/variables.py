"""Variables of the process that override the configuration: only those that the contract allows, by its own names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from terrace.bundle.facts import Facts
from terrace.errors import Problem
from terrace.model.closest import closest
from terrace.model.merge import merge
from terrace.model.secret import Secret
from terrace.model.service import Contract, Field
from terrace.model.source import Pointer, dotted
from terrace.model.typed import nest

_NESTED = frozenset({"array", "object"})
_NO_TEXT = frozenset({"integer", "number", "boolean"})


class Overrides(NamedTuple):
    """What variables say: values by place (secrets as `Secret`), the variable of each, and what is wrong with others.

    `noticed` are variables that look meant and are not understood: no reason to stop.
    """

    values: Mapping[Pointer, Any]
    names: Mapping[Pointer, str]
    problems: tuple[Problem, ...]
    noticed: tuple[str, ...]

    def over(self, values: dict[str, Any]) -> dict[str, Any]:
        """`values` with what the variables say."""
        patched: dict[str, Any] = merge(values, nest(self.values)) if self.values else values
        return patched


def overrides(contract: Contract, facts: Facts, environ: Mapping[str, str]) -> Overrides:
    """What the variables of a process say of its configuration.

    A protected environment takes those that the contract names; others also those that follow from a field's place,
    as `BACKEND__DATABASE__PORT`.
    """
    fields = {name: field for field in contract.root.walk() if (name := _variable(contract, field))}
    found: dict[Pointer, Any] = {}
    names: dict[Pointer, str] = {}
    problems: list[Problem] = []
    for name in sorted(fields.keys() & environ.keys()):
        field = fields[name]
        if facts.protected and not field.env_var:
            message = f"the environment is protected, and the contract names no variable for this: {name} is not taken"
            problems.append(Problem(dotted(field.pointer), message, name))
            continue
        value, wrong = _value(environ[name], field)
        if wrong:
            problems.append(Problem(dotted(field.pointer), wrong, name))
        else:
            found[field.pointer] = Secret(value) if field.secret else value
            names[field.pointer] = name
    if facts.kind == "production":
        problems += _leaks(found, names, contract)
    return Overrides(found, names, tuple(problems), tuple(_misspelt(contract, fields, environ)))


def _variable(contract: Contract, field: Field) -> str:
    if not field.pointer or (field.is_section and field.properties):
        return ""
    return contract.env_var(field)


def _value(text: str, field: Field) -> tuple[Any, str]:
    """The value that a text stands for, and what is wrong with it. A message never shows the text."""
    if field.is_section or field.items is not None or field.types & _NESTED:
        import orjson

        try:
            return orjson.loads(text), ""
        except orjson.JSONDecodeError:
            kind = "map" if field.is_section or "object" in field.types else "list"
            return None, f"a {kind} is given as JSON, and this is none"
    if "string" in field.types and not field.types & _NO_TEXT:
        return text, ""
    from terrace import yamlio

    value, findings = yamlio.load(text)
    if findings or isinstance(value, dict | list):
        return None, f"the text is no {' or '.join(sorted(field.types)) or 'value'}"
    return value, ""


def _leaks(found: Mapping[Pointer, Any], names: Mapping[Pointer, str], contract: Contract) -> Iterator[Problem]:
    """What must not reach production, by the same rules that layers are judged by."""
    if not found:
        return
    from terrace.model.findings import Severity
    from terrace.model.source import Location
    from terrace.validate.registry import rules
    from terrace.validate.rule import Leaf
    from terrace.validate.scan import Scan

    plain = nest({pointer: value.reveal() if isinstance(value, Secret) else value for pointer, value in found.items()})
    judging = [rule for rule in rules() if rule.on == "value" and rule.severity is Severity.ERROR]
    for rule, pointer, value in Scan(judging).leaves(plain):
        leaf = Leaf(value, pointer, contract.field(pointer), lambda _: Location(""), plain)
        owner = next((each for each in names if pointer[: len(each)] == each), pointer)
        if any(True for _ in rule.check(leaf)):
            yield Problem(dotted(pointer), f"{rule.title} ({rule.code})", names.get(owner, ""))


def _misspelt(contract: Contract, fields: Mapping[str, Field], environ: Mapping[str, str]) -> Iterator[str]:
    prefix = contract.derived_variable(()) + "__"
    derived = {contract.derived_variable(field.pointer) for field in contract.root.walk()}
    for name in sorted(environ):
        if name.startswith(prefix) and name not in fields and name not in derived:
            close = closest(name, fields)
            yield f"the variable {name} names nothing in the contract" + (f"; did you mean {close}?" if close else "")
