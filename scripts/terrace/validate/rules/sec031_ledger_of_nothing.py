"""# Ledger of what is not there

A `*.ledger.yaml` names a path that the secrets file beside it does not set, or there is no such file.

**Why.** The dates are of nothing: the secret was renamed or removed by hand, or the ledger is in the wrong folder, and
then the secret that was meant has no dates.

**Fix.** Correct the path (the finding suggests the closest one), or remove the entry. `terrace secrets unset` removes
both. A ledger stands beside its secrets file: `backend.ledger.yaml` beside `backend.secrets.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.closest import closest
from terrace.model.layers import leaves, value_at
from terrace.model.ledger import entries
from terrace.model.sealed_files import secrets_beside
from terrace.model.source import Location, dotted
from terrace.validate.rule import Example, FilesView, Hit, LayerFile, rule
from terrace.validate.sealed import values_of
from terrace.validate.sealed_text import NOTES, SEALED

_DATES = "{created: 2026-01-07, rotated: 2026-02-24, phase: current}"
_PATH = "environments/production/app.ledger.yaml"
GOOD = (
    Example({_PATH: f"database.password: {_DATES}\n"}),
    Example(
        {
            "environments/production/app.proposed-p-1.secrets.yaml": f"database:\n  password: {SEALED}\n{NOTES}",
            "environments/production/app.proposed-p-1.ledger.yaml": f"database.password: {_DATES}\n",
        }
    ),
)
BAD = (
    Example({_PATH: f"database.pasword: {_DATES}\n"}, f"{_PATH}:1", '"database.pasword"'),
    Example(
        {"environments/staging/app.ledger.yaml": f"database.password: {_DATES}\n"},
        "environments/staging/app.ledger.yaml",
    ),
    Example({"environments/app.ledger.yaml": f"database.password: {_DATES}\n"}, "environments/app.ledger.yaml"),
)


@rule("SEC031", "ledger of what is not there", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every ledger without its secrets file, and every entry for what that does not set."""
    for file in view.ledgers:
        beside = secrets_beside(file.document.path)
        sealed = view.files.secrets.get(beside)
        if sealed is not None:
            yield from _of_file(file, values_of(sealed), beside)
        elif beside not in view.files.sealed:
            message = f"{file.document.path} is the ledger of {beside}, which is not there"
            yield Hit(message, Location(file.document.path), hint="Move it beside its secrets file, or delete it.")


def _of_file(file: LayerFile, values: dict[str, object], beside: str) -> Iterator[Hit]:
    nothing = object()
    for key, pointer, _ in entries(file.document.value):
        if pointer and value_at(values, pointer, nothing) is nothing:
            close = closest(key, [dotted(leaf) for leaf, _ in leaves(values)])
            hint = f"Did you mean {close}?" if close else "Remove the entry."
            yield Hit(f"{beside} does not set {key}", file.document.at((key,), key=True), (key,), hint)
