"""# Plain value in a secrets file

A secrets file sets a field that is no secret by the contract, or one that the contract does not know.

**Why.** Secrets and plain values are merged apart from one another. In a secrets file a plain value is not merged where
it should be, and nobody can review it, or see who changed it, for it is encrypted.

**Fix.** Move a plain value to the file of the same name without `.secrets`. If it is a secret after all, mark it with
`Secret()` in the contract.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from terrace.model.layers import leaves
from terrace.model.service import Contract, Field
from terrace.model.source import Pointer, dotted
from terrace.validate.rule import Example, Hit, LayerFile, rule
from terrace.validate.sealed import values_of
from terrace.validate.sealed_text import NOTES, SEALED

_PATH = "environments/staging/app.secrets.yaml"
GOOD = (Example({_PATH: f"database:\n  password: {SEALED}\n{NOTES}"}),)
BAD = (
    Example({_PATH: f"database:\n  port: {SEALED}\n{NOTES}"}, f"{_PATH}:2", "database.port"),
    Example({_PATH: f"database:\n  pasword: {SEALED}\n{NOTES}"}, f"{_PATH}:2", "database.pasword"),
)


@rule("SEC002", "plain value in a secrets file", on="secrets")
def check(file: LayerFile) -> Iterator[Hit]:
    """Every leaf that is no secret field of a service that takes it."""
    values = values_of(file.document)
    for contract in file.contracts:
        for pointer, value in leaves(values):
            if not pointer or (file.service == "shared" and pointer[0] not in contract.sections):
                continue
            field = contract.field(pointer)
            if field is None:
                yield _hit(file, pointer, f"the contract has no {dotted(pointer)}", _closest(contract, pointer))
            elif not field.secret and not _holds_secrets(field, value):
                hint = f"Set it in {file.service}.yaml, in this folder."
                yield _hit(file, pointer, f"{dotted(pointer)} is no secret", hint)


def _hit(file: LayerFile, pointer: Pointer, message: str, hint: str) -> Hit:
    return Hit(message, file.document.at(pointer, key=True), pointer, hint)


def _holds_secrets(field: Field, value: Any) -> bool:
    """Whether it is a section in which secrets may stand, and not a value in place of one."""
    return value is None or (field.is_section and isinstance(value, dict))


def _closest(contract: Contract, pointer: Pointer) -> str:
    from difflib import get_close_matches  # most runs never need it

    secrets = [dotted(field.pointer) for field in contract.root.walk() if field.secret and not field.is_section]
    close = get_close_matches(dotted(pointer), secrets, n=1)
    return f"Did you mean '{close[0]}'?" if close else ""
