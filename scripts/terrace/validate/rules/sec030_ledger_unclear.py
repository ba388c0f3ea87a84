"""# Ledger that is not understood

A `*.ledger.yaml` has an entry that is no secret's path with its dates: a date that is none, a phase that is not known,
a rotation before the creation, or something that a ledger does not hold.

**Why.** When a secret is due follows from its ledger. One that cannot be read would let a secret grow old unseen. And a
ledger is in clear text: what has no place in it may be a value that somebody meant to encrypt.

**Fix.** Write the entry as the commands do: `database.password: {created: 2026-01-07, rotated: 2026-11-24, phase: current}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.ledger import Fault, entries
from terrace.validate.rule import Example, FilesView, Hit, rule

_PATH = "environments/production/app.ledger.yaml"
GOOD = (
    Example({_PATH: "database.password: {created: 2026-01-07, rotated: 2026-02-24, phase: current}\n"}),
    Example(
        {
            _PATH: "database.password:\n  created: 2026-01-07\n  rotated: 2026-02-24\n  phase: overlap\n  previous_until: 2026-03-01\n"
        }
    ),
)
BAD = (
    Example(
        {_PATH: "database.password: {created: yesterday, rotated: 2026-02-24}\n"},
        f"{_PATH}:1",
        '"database.password".created',
    ),
    Example({_PATH: "database.password:\n  rotated: 2026-02-24\n"}, f"{_PATH}:2", '"database.password"'),
    Example(
        {_PATH: "database.password:\n  created: 2026-03-01\n  rotated: 2026-02-24\n"},
        f"{_PATH}:3",
        '"database.password".rotated',
    ),
    Example(
        {_PATH: "database.password: {created: 2026-01-07, rotated: 2026-02-24, phase: over}\n"},
        f"{_PATH}:1",
        '"database.password".phase',
    ),
    Example(
        {_PATH: "database.password: {created: 2026-01-07, rotated: 2026-02-24, value: hunter2}\n"},
        f"{_PATH}:1",
        '"database.password".value',
    ),
    Example({_PATH: "database.password: hunter2\n"}, f"{_PATH}:1", '"database.password"'),
    Example({_PATH: "database:\n  password: hunter2\n"}, f"{_PATH}:2", "database.password"),
    Example({_PATH: "'database[x]': {created: 2026-01-07, rotated: 2026-02-24}\n"}, f"{_PATH}:1", '"database[x]"'),
)


@rule("SEC030", "ledger that is not understood", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """The first fault of every entry of every ledger."""
    for file in view.ledgers:
        for _, _, entry in entries(file.document.value):
            if isinstance(entry, Fault):
                yield Hit(entry.message, file.document.at(entry.place), entry.place, entry.hint)
