"""An effective config as YAML, JSON, dotenv or Java properties; where it comes from behind each value, if asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any

from terrace import yamlio
from terrace.explain import MASK
from terrace.model.layers import EffectiveConfig, leaves
from terrace.model.merge import merge
from terrace.model.service import Contract
from terrace.model.source import Location, Pointer, dotted

Sealed = Mapping[Pointer, Location]


def render_config(
    config: EffectiveConfig,
    contract: Contract,
    sealed: Sealed,
    form: str,
    provenance: bool = False,
    revealed: bool = False,
) -> str:
    """The values of `config` in the form `yaml`, `json`, `dotenv` or `properties`; secrets masked unless `revealed`."""
    values = config.values if revealed else masked(config.values, sealed)

    known = {pointer for pointer, _ in leaves(values)}

    def comment(pointer: Pointer) -> str:
        return origin(config, sealed, pointer) if pointer in known else ""

    if form == "yaml":
        return yamlio.render(values, comment if provenance else None)
    if form == "json":
        return _json(values, comment if provenance else None)
    hidden = frozenset() if revealed else frozenset(sealed)
    return flat(leaves(values), contract, form, comment=comment if provenance else None, hidden=hidden)


def flat(
    values: Iterable[tuple[Pointer, Any]],
    contract: Contract,
    form: str,
    *,
    comment: Callable[[Pointer], str] | None = None,
    hidden: Set[Pointer] = frozenset(),
) -> str:
    """Leaves as lines of `dotenv` or Java `properties`, with `comment` above each; `hidden` ones are commented out."""
    write = _dotenv if form == "dotenv" else _properties
    lines = []
    for pointer, value in values:
        if comment is not None:
            lines.append(f"# {comment(pointer)}\n")
        mask = "# " if pointer in hidden else ""  # a mask must never be taken for a value
        lines.extend(mask + line for line in write(contract, pointer, value))
    return "".join(lines)


def masked(values: dict[str, Any], sealed: Sealed) -> dict[str, Any]:
    """The values with a mask where a secret is sealed."""
    for pointer in sealed:
        mask: Any = MASK
        for part in reversed(pointer):
            mask = {part: mask}
        values = merge(values, mask)
    return values


def origin(config: EffectiveConfig, sealed: Sealed, pointer: Pointer) -> str:
    """Where the value at `pointer` comes from: a layer's file with line and column, or the schema's default."""
    if pointer in sealed:
        return f"sealed in {sealed[pointer]}"
    winner = config.winner(pointer)
    return "default" if winner is None else str(winner.location)


def _json(values: dict[str, Any], comment: Any) -> str:
    import json

    if comment is not None:
        values = {"values": values, "provenance": {dotted(pointer): comment(pointer) for pointer, _ in leaves(values)}}
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def variables(contract: Contract, values: dict[str, Any]) -> dict[str, str]:
    """Every leaf as an environment variable, by the contract's names."""
    return {_variable(contract, pointer): _scalar(value) for pointer, value in leaves(values)}


def _variable(contract: Contract, pointer: Pointer) -> str:
    field = contract.field(pointer)
    named = field.env_var if field is not None else ""
    return named or contract.derived_variable(pointer)


def _dotenv(contract: Contract, pointer: Pointer, value: Any) -> Iterator[str]:
    yield f"{_variable(contract, pointer)}={_quoted(_scalar(value))}\n"


def _quoted(text: str) -> str:
    """Text as dotenv readers and shells agree on it: in double quotes where it is not plain."""
    if text and all(character.isalnum() or character in "_-./:@%+," for character in text) and text.isascii():
        return text
    for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("$", "\\$"), ("`", "\\`"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(raw, escaped)
    return f'"{text}"'


def _properties(contract: Contract, pointer: Pointer, value: Any) -> Iterator[str]:
    """Java properties, a list as `name[0]`."""
    name = dotted(pointer)
    if isinstance(value, list) and value and not any(isinstance(item, dict | list) for item in value):
        for index, item in enumerate(value):
            yield java_property(f"{name}[{index}]", item)
    else:
        yield java_property(name, value)


def java_property(name: str, value: Any) -> str:
    """A line of Java properties, all in ASCII (ISO 8859-1 is what java.util.Properties reads)."""
    return f"{_escaped(name, ' :=#!')}={_escaped(_scalar(value))}\n"


def _escaped(text: str, special: str = "") -> str:
    out = []
    for index, character in enumerate(text):
        if character == "\\" or character in special or (character == " " and index == 0):
            out.append("\\" + character)
        elif character in "\n\r\t\f":
            out.append({"\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}[character])
        elif " " <= character <= "~":
            out.append(character)
        else:
            units = character.encode("utf-16-be")
            out += [f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2)]
    return "".join(out)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
