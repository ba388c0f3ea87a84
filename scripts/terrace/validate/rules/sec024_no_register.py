"""# Secrets without a register

There are secrets files, and no `recipients.yaml` says whose the keys are that open them.

**Why.** A key is a row of letters. Without a register nobody can tell who reads a secret, whether a key belongs to somebody
who left, or whether a development laptop opens production.

**Fix.** `terrace secrets init NAME --env ENV` begins the register. Enter every key that the files are encrypted for, and
name them under `recipients` in the `environment.yaml` of the environments that they open.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.recipients import FILE
from terrace.model.source import Location
from terrace.validate.rule import Example, FilesView, Hit, rule
from terrace.validate.sealed import inspected, is_in_place

GOOD = (
    Example({}),
    Example({FILE: None, "environments/production/app.secrets.yaml": None}),
)
BAD = (Example({FILE: None}, FILE),)


@rule("SEC024", "secrets without a register", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """The place of the register, if a secrets file that is encrypted needs one."""
    is_there = view.repository.register.document or FILE in view.repository.files.paths
    if not is_there and any(is_in_place(file) and inspected(file) for file in view.sealed):
        message = "there are secrets, and no register says who opens them"
        yield Hit(message, Location(FILE), hint="Begin one: terrace secrets init")
