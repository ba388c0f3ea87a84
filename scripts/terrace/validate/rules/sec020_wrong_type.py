"""# Secret of another type than its contract asks for

SOPS notes with each encrypted value whether it is text, a number or a boolean, and the contract asks for something else.

**Why.** The application would refuse the value at its start, or read `0123` as a number. Without a key this note is all
that can be seen of the value.

**Fix.** Set it again in the right type: text that looks like a number is quoted, as in `pin: "0123"`. (`sops set` makes every
bare number one with a fraction; `sops edit` and `terrace secrets set` do not.)

**Exceptions.** The note is not protected by SOPS: with a key the value itself is checked, and that is what counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from terrace.model.service import Field
from terrace.model.source import Location, dotted
from terrace.validate.rule import Example, Hit, LayerFile, rule
from terrace.validate.sealed import inspected
from terrace.validate.sealed_text import NOTES, SEALED

_PATH = "environments/staging/app.secrets.yaml"
_NUMBER = SEALED.replace("type:str", "type:int")
GOOD = (Example({_PATH: f"database:\n  password: {SEALED}\n{NOTES}"}),)
BAD = (
    Example({_PATH: f"database:\n  password: {_NUMBER}\n{NOTES}"}, f"{_PATH}:2", "database.password"),
    Example(
        {_PATH: f"database:\n  password: {SEALED.replace('str', 'time')}\n{NOTES}"}, f"{_PATH}:2", "database.password"
    ),
)
_FITTING = {
    "str": {"string"},
    "int": {"integer", "number"},
    "float": {"number"},
    "bool": {"boolean"},
    "time": set[str](),
}
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "time": "a point in time",
}


@rule("SEC020", "secret of another type than its contract asks for", on="secrets")
def check(file: LayerFile) -> Iterator[Hit]:
    """Every encrypted value at a secret field whose type cannot be the field's."""
    sealed = inspected(file)
    for leaf in sealed.leaves if sealed else ():
        for contract in file.contracts:
            field = contract.field(leaf.pointer)
            if leaf.encrypted and field is not None and field.secret and not _fits(leaf.label, field):
                asked = " or ".join(sorted(field.types))
                found = _WORDS.get(leaf.label, json.dumps(leaf.label))
                message = f"{dotted(leaf.pointer)} is {found}, and the contract asks for {asked}"
                hint = "Set it again; text that looks like a number is quoted."
                yield Hit(message, Location(file.document.path, leaf.span), leaf.pointer, hint)
                break


def _fits(label: str, field: Field) -> bool:
    return not field.types or field.is_section or bool(_FITTING.get(label, set()) & field.types)
