"""What a contract's own rules say of values with secrets, without what they put into their words.

A rule may write the value that it refuses into its message, whole, in part or in another form. So of a message only
what stands in the contract's code is shown, in a `raise` or an `assert`: what was filled in is `********`. A message
that is not found there is not shown at all.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core.core_schema import ErrorType

from terrace.model.secret import HIDDEN
from terrace.model.service import Contract
from terrace.model.source import Pointer, dotted

Ask = Callable[[type[BaseModel], bytes, Contract, Pointer], list[tuple[Pointer, str]]]
Template = tuple[str, ...]
"""The pieces of a message between which something is filled in."""

_UNTOLD = "a rule of the contract refuses it (its words are not shown: they may hold the secret)"
_RULES = ("value_error", "assertion_error")
_ITS_OWN = frozenset(get_args(ErrorType))


def asking(root: Path, contract: Contract) -> Ask:
    """What asks a model about values with secrets in the open."""

    @cache
    def templates() -> list[Template]:
        return sorted(_templates(root / "schemas"), key=lambda pieces: -sum(map(len, pieces)))

    def ask(model: type[BaseModel], data: bytes, contract: Contract, start: Pointer) -> list[tuple[Pointer, str]]:
        try:
            model.model_validate_json(data)
        except ValidationError as error:
            entries = error.errors(include_url=False, include_input=False, include_context=False)
            return [
                (_known(contract, start, each["loc"]), _told(each["type"], each["msg"], templates)) for each in entries
            ]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a validator is its owner's and may raise anything
            return [(start, f"a validator of {dotted(start) or 'the whole'} failed: {type(error).__name__}")]
        return []

    return ask


def _known(contract: Contract, start: Pointer, place: tuple[int | str, ...]) -> Pointer:
    """The place of an error as far as the contract names it: pydantic puts tags of unions into it, which are values."""
    pointer, field = start, contract.field(start)
    for part in place:
        field = field.properties.get(part) if field is not None and isinstance(part, str) else None
        if field is None:
            break
        pointer = (*pointer, part)
    return pointer


def _told(kind: str, message: str, templates: Callable[[], list[Template]]) -> str:
    if kind in _RULES:
        said = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
        return next((HIDDEN.join(pieces) for pieces in templates() if _fits(pieces, said)), _UNTOLD)
    # Of pydantic's own messages some hold a piece of the value; their names are those of the library.
    return f"is refused by the contract ({kind})" if kind in _ITS_OWN else _UNTOLD


def _fits(pieces: Template, said: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pieces)), said, re.DOTALL) is not None


def _templates(folder: Path) -> Iterator[Template]:
    """Every message with words of its own that contracts raise, as it stands in their code."""
    for path in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Raise | ast.Assert):
                for inner in ast.walk(node):
                    pieces = _pieces(inner)
                    if any(character.isalpha() for piece in pieces for character in piece):
                        yield pieces


def _pieces(node: ast.AST) -> Template:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return (node.value,)
    if not isinstance(node, ast.JoinedStr):
        return ()
    pieces = [""]
    for part in node.values:
        if isinstance(part, ast.Constant):
            pieces[-1] += str(part.value)
        else:
            pieces.append("")
    return tuple(pieces)
