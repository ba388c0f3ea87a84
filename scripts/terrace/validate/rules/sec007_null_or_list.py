"""# Null or list in a secrets file

A secrets file holds a null, or a list.

**Why.** SOPS leaves null in the open and drops it in some formats, so it cannot remove a secret reliably; and a list is
set as a whole, so a secret in one could not be changed by itself.

**Fix.** To remove an inherited secret, remove it from the file that sets it. In place of a list use a map whose keys
name the secrets.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.layers import leaves
from terrace.model.source import dotted
from terrace.validate.rule import Example, Hit, LayerFile, rule
from terrace.validate.sealed import values_of
from terrace.validate.sealed_text import NOTES, SEALED

_PATH = "environments/staging/app.secrets.yaml"
GOOD = (Example({_PATH: f"database:\n  password: {SEALED}\n{NOTES}"}),)
BAD = (
    Example({_PATH: f"database:\n  password: null\n{NOTES}"}, f"{_PATH}:2", "database.password"),
    Example({_PATH: f"database:\n  password:\n    - {SEALED}\n{NOTES}"}, f"{_PATH}:3", "database.password"),
)


@rule("SEC007", "null or list in a secrets file", on="secrets")
def check(file: LayerFile) -> Iterator[Hit]:
    """Every null and every list outside of the notes of SOPS."""
    for pointer, value in leaves(values_of(file.document)):
        if value is None or isinstance(value, list):
            what = "a list" if isinstance(value, list) else "null"
            message = f"{dotted(pointer)} is {what}, which cannot stand in a secrets file"
            hint = "Use a map, with a key for each secret." if what == "a list" else "Remove the key."
            yield Hit(message, file.document.at(pointer), pointer, hint)
