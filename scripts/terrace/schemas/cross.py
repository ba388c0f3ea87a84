"""A contract's rules across fields, as a check on the plain values of a target.

No key is at hand when a repository is checked, so each secret is stood in for by a placeholder that its constraints
allow; what the model says of a placeholder is not repeated.

What the model said of the same values before is not asked again, nor in another run: to start pydantic and the
contract takes longer than to judge a tenant.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terrace.model.reference import is_reference
from terrace.model.service import Contract, Field
from terrace.model.source import Pointer, json_pointer

if TYPE_CHECKING:
    from pydantic import BaseModel

_REMEMBERED = 10_000

Said = list[tuple[Pointer, str]]
CrossCheck = Callable[[dict[str, Any]], Said]
Ask = Callable[["type[BaseModel]", bytes, Contract, Pointer], Said]


def cross_check(root: Path, contract: Contract, answers: dict[str, Any] | None = None) -> CrossCheck | None:
    """What the model of a service finds wrong with values that suit its JSON Schema, as (place, message).

    None for a service without rules of its own: a contract in JSON, or a model without validators. Only the sections
    that have validators are run. `answers` holds what was learned of this very contract before, and takes what is
    learned now; it is made of what JSON can hold.
    """
    return _check_by(root, contract, _ask_without_secrets, {} if answers is None else answers)


def opened_check(root: Path, contract: Contract) -> CrossCheck | None:
    """The same for values with their secrets in the open. No message shows what was filled in; no answer is kept."""
    from terrace.schemas.masked import asking

    return _check_by(root, contract, asking(root, contract), {})


def _check_by(root: Path, contract: Contract, ask: Ask, answers: dict[str, Any]) -> CrossCheck | None:
    path = root / f"schemas/{contract.service}.py"
    if not path.is_file() or b"alidator" not in path.read_bytes():
        return None
    rules = _Rules(root, contract, ask, answers)
    return rules.check if rules.sections else None


def _ask_without_secrets(model: type[BaseModel], data: bytes, contract: Contract, pointer: Pointer) -> Said:
    from terrace.schemas.sections import ask

    return ask(model, data, contract, pointer)


@lru_cache(maxsize=64)
def _models_of(root: Path, service: str, source: bytes) -> dict[Pointer, type[BaseModel]]:
    """The models of a contract's sections that have rules. The same source is run once by one process."""
    from terrace.schemas.contracts import model_of
    from terrace.schemas.sections import sections

    return dict(sections(model_of(root, service)))


class _Rules:
    """The rules of one contract, and their answers: by the section's values, and by the object that holds them."""

    def __init__(self, root: Path, contract: Contract, ask: Ask, answers: dict[str, Any]) -> None:
        self._root = root
        self._ask = ask
        self._contract = contract
        if "sections" not in answers:
            answers["sections"] = [list(pointer) for pointer in self._models]
        self.sections: list[Pointer] = [tuple(pointer) for pointer in answers["sections"]]
        self._answers: dict[str, list[Any]] = answers.setdefault("said", {})
        self._seen: dict[tuple[Pointer, int], tuple[Any, Said]] = {}

    @cached_property
    def _models(self) -> dict[Pointer, type[BaseModel]]:
        service = self._contract.service
        return _models_of(self._root, service, (self._root / f"schemas/{service}.py").read_bytes())

    def check(self, values: dict[str, Any]) -> Said:
        """Everything that is wrong with the sections of `values`. One that many targets share is looked at once."""
        said: Said = []
        for pointer in self.sections:
            section: Any = values
            for part in pointer:
                section = section.get(part) if isinstance(section, dict) else None
            if section is None:
                continue
            seen = self._seen.get((pointer, id(section)))
            if seen is None:
                # The values are kept with the answer, so that no other object can come to have their id.
                seen = section, self._answer(pointer, section)
                _remember(self._seen, (pointer, id(section)), seen)
            said += seen[1]
        return said

    def _answer(self, pointer: Pointer, section: Any) -> Said:
        import orjson

        field = self._contract.field(pointer)
        if field is None:
            return []
        data = orjson.dumps(_with_placeholders(field, section))
        key = sha256(json_pointer(pointer).encode() + b"\0" + data).hexdigest()
        if key not in self._answers:
            _remember(self._answers, key, self._ask(self._models[pointer], data, self._contract, pointer))
        return [(tuple(place), message) for place, message in self._answers[key]]


def _remember(answers: dict[Any, Any], key: Any, answer: Any) -> None:
    if len(answers) >= _REMEMBERED:
        answers.clear()
    answers[key] = answer


def _with_placeholders(field: Field, values: Any) -> Any:
    """`values` with a placeholder for every secret that is not there; a reference is as good as one."""
    if not isinstance(values, dict):
        return values
    filled = dict(values)
    for name, child in field.properties.items():
        if child.secret and (name not in filled or filled[name] is None or is_reference(filled[name])):
            if name in field.required or not child.has_default:
                filled[name] = _placeholder(child)
        elif name in filled:
            filled[name] = _with_placeholders(child, filled[name])
        elif child.properties and name in field.required:
            filled[name] = _with_placeholders(child, {})
    return filled


def _placeholder(field: Field) -> Any:
    if field.schema.get("examples"):
        return field.schema["examples"][0]
    if field.types & {"integer", "number"}:
        return field.schema.get("minimum", 1)
    if "boolean" in field.types:
        return False
    return "x" * max(int(field.schema.get("minLength", 0)), min(int(field.schema.get("maxLength", 32)), 32))
