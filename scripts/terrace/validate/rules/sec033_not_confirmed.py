"""# Ledger that Git does not confirm

A ledger names a day for a secret, and Git's history of the encrypted value tells another: the value changed more than 14
days after that day, or it has not changed since before it.

**Why.** When a secret is due follows from its ledger, which anybody who may edit the folder can edit. A value that was
changed behind its back is treated as older than it is; a day that was written without a rotation hides an old value.

**Fix.** If the value was changed with another tool, write the day that the finding names into `rotated`. If the ledger was
edited, put it back, or renew the secret: `terrace secrets rotate`, or `terrace secrets set`.

**Exceptions.** Git's history is asked by `terrace validate --history`, `terrace secrets check` and `terrace secrets status`;
a plain `terrace validate` and the hooks have no time for it. A shallow clone knows only what it holds. Where one commit
changed every value of a file, it may have been encrypted anew, and that they are older speaks against nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.ledger import Entry, entries
from terrace.model.rotation import unit_of
from terrace.model.sealed_files import secrets_beside
from terrace.model.service import Field
from terrace.model.source import Pointer
from terrace.model.witness import disagreements, newest
from terrace.validate.rule import Example, FilesView, Hit, LayerFile, rule

_LEDGER = "environments/production/app.ledger.yaml"
_FILE = "environments/production/app.secrets.yaml"
_SAID = {_LEDGER: "database.password:\n  created: 2026-05-01\n  rotated: 2026-05-20\n"}
_PLACE = '"database.password".rotated'
GOOD = (
    Example(_SAID, seen={_FILE: {"database.password": "2026-05-20"}}),
    # Committed some days later, and proposed before it was folded in.
    Example(_SAID, seen={_FILE: {"database.password": "2026-05-31"}}),
    Example(_SAID, seen={_FILE: {"database.other": "2026-01-01"}}),
    Example(_SAID),
)
BAD = (
    Example(_SAID, f"{_LEDGER}:3", _PLACE, seen={_FILE: {"database.password": "2026-05-10"}}),
    Example(
        {_LEDGER: "database.password: {created: 2026-01-01, rotated: 2026-01-01}\n"},
        f"{_LEDGER}:1",
        _PLACE,
        seen={_FILE: {"database.password": "2026-05-10"}},
    ),
)


@rule("SEC033", "ledger that Git does not confirm", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every entry that Git's history speaks against, where it was asked."""
    for file in view.ledgers if view.seen else ():
        seen = view.seen.get(secrets_beside(file.document.path), {})
        for key, pointer, entry in entries(file.document.value):
            if isinstance(entry, Entry):
                git = newest(pointer, _unit(file, pointer), seen)
                for _, said in disagreements({pointer: entry.rotated}, {pointer: git}):
                    place = (key, "rotated")
                    hint = "Write the day that Git shows, or renew the secret: terrace secrets rotate."
                    yield Hit(f"{key} {said}", file.document.at(place), place, hint)


def _unit(file: LayerFile, pointer: Pointer) -> Field | None:
    """What the contract says of a secret that is told of as a whole; nothing of a part of one."""
    units = (unit_of(contract.root, pointer) for contract in file.contracts)
    return next((field for unit in units if unit for whole, field in [unit] if whole == pointer), None)
