"""# Secrets file that is not encrypted

A secrets file was not encrypted with SOPS, or a value in it was not.

**Why.** The name promises that what is inside can be committed. Whoever reads the repository has these secrets now, also
when they are gone from the newest commit.

**Fix.** If it was committed or pushed, change the secrets where they are used. Then encrypt the file:
`sops encrypt --in-place <file>`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.layers import leaves
from terrace.model.source import dotted
from terrace.validate.rule import Example, Hit, LayerFile, rule
from terrace.validate.sealed import SOPS, is_encrypted, values_of
from terrace.validate.sealed_text import NOTES, SEALED

_PATH = "environments/staging/app.secrets.yaml"
GOOD = (Example({_PATH: f"database:\n  password: {SEALED}\n{NOTES}"}),)
BAD = (
    Example({_PATH: "database:\n  password: hunter2\n"}, f"{_PATH}:1"),
    Example({_PATH: f"database:\n  password: hunter2\n{NOTES}"}, f"{_PATH}:2", "database.password"),
    Example({_PATH: f"database:\n  password: ENC[hunter2]\n{NOTES}"}, f"{_PATH}:2", "database.password"),
)


@rule("SEC004", "secrets file that is not encrypted", on="secrets")
def check(file: LayerFile) -> Iterator[Hit]:
    """The file, if SOPS never touched it; else every leaf that is not encrypted. Lists and nulls are another mistake."""
    document = file.document
    if not isinstance(document.value.get(SOPS), dict):
        hint = "Encrypt it: sops encrypt --in-place. If it was ever committed, replace the secrets too."
        yield Hit(f"{document.path} is not encrypted", document.at(()), None, hint)
        return
    for pointer, value in leaves(values_of(document)):
        if value is not None and not isinstance(value, dict | list) and not is_encrypted(value):
            hint = "Encrypt the file anew: sops encrypt --in-place. If it was ever committed, replace the secret."
            yield Hit(f"{dotted(pointer)} is not encrypted", document.at(pointer), pointer, hint)
