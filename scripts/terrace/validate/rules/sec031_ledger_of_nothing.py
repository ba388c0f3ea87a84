"""# Ledger of what is not there

A `*.ledger.yaml` names a path that the secrets file beside it does not set, and for which the plain file beside it gives
no reference; or there is neither file.

**Why.** The dates are of nothing: the secret was renamed or removed by hand, or the ledger is in the wrong folder, and
then the secret that was meant has no dates.

**Fix.** Correct the path (the finding suggests the closest one), or remove the entry. `terrace secrets unset` removes
both. A ledger stands beside its secrets file: `backend.ledger.yaml` beside `backend.secrets.yaml`; references in
`backend.yaml` share it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from terrace.model.closest import closest
from terrace.model.layers import leaves, value_at
from terrace.model.ledger import entries
from terrace.model.reference import is_reference
from terrace.model.sealed_files import layer_beside, secrets_beside
from terrace.model.source import Document, Location, Pointer, dotted
from terrace.validate.rule import Example, FilesView, Hit, LayerFile, rule
from terrace.validate.sealed import values_of
from terrace.validate.sealed_text import NOTES, SEALED

_DATES = "{created: 2026-01-07, rotated: 2026-02-24, phase: current}"
_PATH = "environments/production/app.ledger.yaml"
_PLAIN = "server:\n  public_url: https://staging.harbourkitchen.com\ndatabase:\n  host: db.staging.internal\n"
GOOD = (
    Example({_PATH: f"database.password: {_DATES}\n"}),
    Example(
        {
            "environments/staging/app.yaml": f"{_PLAIN}  password: ref+vault://shop/database#/password\n",
            "environments/staging/app.ledger.yaml": f"database.password: {_DATES}\n",
        }
    ),
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
        {
            "environments/staging/app.yaml": f"{_PLAIN}mail:\n  sender: a@harbourkitchen.com\n  token: ref+vault://shop/mail#/token\n",
            "environments/staging/app.ledger.yaml": f"database.password: {_DATES}\n",
        },
        "environments/staging/app.ledger.yaml:1",
        '"database.password"',
    ),
    Example(
        {"environments/staging/app.ledger.yaml": f"database.password: {_DATES}\n"},
        "environments/staging/app.ledger.yaml",
    ),
    Example({"environments/app.ledger.yaml": f"database.password: {_DATES}\n"}, "environments/app.ledger.yaml"),
)


@rule("SEC031", "ledger of what is not there", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every ledger with nothing beside it, and every entry for what is not set there."""
    for file in view.ledgers:
        beside = secrets_beside(file.document.path)
        layer = view.files.documents.get(layer_beside(file.document.path))
        named = dict(_references(layer)) if layer is not None else {}
        sealed = view.files.secrets.get(beside)
        if sealed is not None or named:
            values = values_of(sealed) if sealed is not None else {}
            yield from _of_file(file, values, named, beside if sealed is not None or layer is None else layer.path)
        elif beside not in view.files.sealed:
            message = f"{file.document.path} is the ledger of {beside}, which is not there"
            yield Hit(message, Location(file.document.path), hint="Move it beside its secrets file, or delete it.")


def _references(layer: Document) -> Iterator[tuple[Pointer, object]]:
    """The references of a plain file, and each place above one."""
    for pointer, value in leaves(layer.value):
        if is_reference(value):
            yield from ((pointer[:depth], value) for depth in range(1, len(pointer) + 1))


def _of_file(file: LayerFile, values: dict[str, object], named: Mapping[Pointer, object], beside: str) -> Iterator[Hit]:
    nothing = object()
    for key, pointer, _ in entries(file.document.value):
        if pointer and pointer not in named and value_at(values, pointer, nothing) is nothing:
            known = [*(leaf for leaf, _ in leaves(values)), *named]
            close = closest(key, [dotted(leaf) for leaf in known if leaf])
            hint = f"Did you mean {close}?" if close else "Remove the entry."
            yield Hit(f"{beside} does not set {key}", file.document.at((key,), key=True), (key,), hint)
