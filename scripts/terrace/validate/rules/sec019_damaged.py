"""# Secrets file that SOPS would not open

The notes of SOPS in a secrets file are incomplete or damaged, or an encrypted value is.

**Why.** Nobody can open the file: no application, and no person who has to mend it at night. A merge that was resolved
by hand leaves such files, and so does an editor.

**Fix.** Take the file from the last commit in which it was right, and make the change again with `sops edit` or
`terrace secrets set`. A conflict in a secrets file is not to be resolved by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from terrace.model.layers import value_at
from terrace.model.source import Location
from terrace.validate.rule import Example, Hit, LayerFile, rule
from terrace.validate.sealed import inspected, is_encrypted
from terrace.validate.sealed_text import NOTES, RECOVERY, SEALED, notes

if TYPE_CHECKING:
    from terrace.sops.document import Problem

_PATH = "environments/staging/app.secrets.yaml"
_TEXT = f"database:\n  password: {SEALED}\n"
GOOD = (Example({_PATH: _TEXT + NOTES}),)
BAD = (
    Example({_PATH: _TEXT + NOTES.replace("  version: 3.12.2\n", "")}, f"{_PATH}:4", "sops"),
    Example({_PATH: _TEXT + NOTES.replace("3.12.2", "99.0.0")}, f"{_PATH}:17", "sops"),
    Example({_PATH: _TEXT + NOTES.replace("3.12.2", "yesterday")}, f"{_PATH}:17", "sops"),
    Example({_PATH: _TEXT + NOTES.replace(f"  mac: {SEALED}\n", "")}, f"{_PATH}:4", "sops"),
    Example({_PATH: _TEXT + NOTES.replace('"2026-01-01T00:00:00Z"', "2026-01-01T00:00:00Z")}, f"{_PATH}:15", "sops"),
    Example({_PATH: _TEXT.replace("wQ==", "w==") + NOTES}, f"{_PATH}:2", "database.password"),
    Example({_PATH: _TEXT + notes(RECOVERY, more="  shamir_threshold: two\n")}, f"{_PATH}:17", "sops"),
    Example({_PATH: _TEXT + NOTES.replace("-----BEGIN AGE", "-----BEGIN RAGE")}, f"{_PATH}:5", "sops"),
)


@rule("SEC019", "secrets file that SOPS would not open", on="secrets")
def check(file: LayerFile) -> Iterator[Hit]:
    """Everything that is wrong with the notes of SOPS, and every damaged value."""
    sealed = inspected(file)
    if sealed is None:
        return
    for problem in (*sealed.problems, *sealed.warnings):
        if not _is_found_elsewhere(file, problem):
            location = Location(file.document.path, problem.span)
            pointer = problem.pointer or ("sops",)
            yield Hit(problem.message, location, pointer, problem.hint or "Take it from an earlier commit.")


def _is_found_elsewhere(file: LayerFile, problem: Problem) -> bool:
    """Whether it is a value in the open, or something that is wrong with YAML of any kind."""
    if problem.kind == "value":
        return not is_encrypted(value_at(file.document.value, problem.pointer))
    return problem.kind in ("yaml", "key")
