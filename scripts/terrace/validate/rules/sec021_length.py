"""# Secret that is empty, too short or too long

An encrypted value cannot have the length that the contract asks for, or is empty.

**Why.** A value is as long as its ciphertext: that is all that SOPS shows of it, and enough to see that somebody pressed Enter
before pasting the password.

**Fix.** Set the secret again: `terrace secrets set SERVICE PATH --env ENV`. If there is none, leave the key out.

**Exceptions.** The length is that in bytes of UTF-8, and contracts count characters, which have one to four bytes. So only a
value is found that cannot be right, whatever its characters are.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.service import Field
from terrace.model.source import Location, dotted
from terrace.validate.rule import Example, Hit, LayerFile, rule
from terrace.validate.sealed import inspected
from terrace.validate.sealed_text import NOTES, SEALED

_PATH = "environments/staging/app.secrets.yaml"
_LONG = SEALED.replace("p673wQ==", "p673wQ" * 24 + "==")
GOOD = (Example({_PATH: f"database:\n  password: {SEALED}\n{NOTES}"}),)
BAD = (
    Example({_PATH: f"database:\n  password: ''\n{NOTES}"}, f"{_PATH}:2", "database.password"),
    Example(
        {_PATH: f"database:\n  password: {SEALED.replace('p673wQ==', 'p673')}\n{NOTES}"},
        f"{_PATH}:2",
        "database.password",
    ),
    Example({_PATH: f"database:\n  password: {_LONG}\n{NOTES}"}, f"{_PATH}:2", "database.password"),
)


@rule("SEC021", "secret that is empty, too short or too long", on="secrets")
def check(file: LayerFile) -> Iterator[Hit]:
    """Every secret text whose bytes cannot be as many characters as its field allows."""
    sealed = inspected(file)
    for leaf in sealed.leaves if sealed else ():
        for contract in file.contracts:
            field = contract.field(leaf.pointer)
            fault = _fault(leaf.size, field) if leaf.label == "str" and field is not None and field.secret else ""
            if fault:
                message = f"{dotted(leaf.pointer)} {fault}"
                hint = "Set it again: terrace secrets set"
                yield Hit(message, Location(file.document.path, leaf.span), leaf.pointer, hint)
                break


def _fault(size: int, field: Field) -> str:
    """What is wrong with a text of so many bytes (-1: it stands in the open, and is found there)."""
    if size < 0:
        return ""
    least, most = _number(field, "minLength", 0), _number(field, "maxLength", size)
    if size == 0:
        return "is empty"
    if 0 < size < least:
        return f"is shorter than the {least} characters that its contract asks for"
    return f"is longer than the {most} characters that its contract allows" if -(-size // 4) > most else ""


def _number(field: Field, keyword: str, default: int) -> int:
    found = field.schema.get(keyword, default)
    return found if isinstance(found, int) else default
