"""# Key that is not theirs to set

A tenant, group or environment sets a key that the contract does not let this kind of layer set.

**Why.** The contract says who decides. What a whole service shares, such as the number of its workers, is not one
tenant's to choose, even where the file would allow it.

**Fix.** Remove the key here, and set it in a layer that may: the finding names them. If tenants shall set it, the
contract's owner adds them to its `SetBy`.

**Exceptions.** `environments/base/` may set everything.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import Location, dotted
from terrace.validate.rule import Example, FilesView, Hit, LayerFile, rule

GOOD = (
    Example({"tenants/acme/app.yaml": "logging:\n  level: error\n"}),
    Example({"environments/staging/shared.yaml": "server:\n  workers: 8\n"}),
)
BAD = (
    Example({"tenants/acme/app.yaml": "server:\n  workers: 8\n"}, "tenants/acme/app.yaml:2", "server.workers"),
    Example(
        {"tenants/acme/staging/shared.yaml": "database: null\n"},
        "tenants/acme/staging/shared.yaml:1",
        "database",
        also=("SCH004",),
    ),
    Example(
        {"tenants/_groups/gold/app.yaml": "database:\n  port: 5433\n"},
        "tenants/_groups/gold/app.yaml:2",
        "database.port",
    ),
)


@rule("TEN001", "key that is not theirs to set", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every leaf in a layer of a kind that the contract does not name for it."""
    for file in (*view.plain, *view.sealed):
        kind = "environment" if file.kind == "local" else file.kind
        if kind in ("environment", "group", "tenant"):
            yield from _of_file(file, kind)


def _of_file(file: LayerFile, kind: str) -> Iterator[Hit]:
    seen = set()
    for pointer, value, field in file.entries(lambda field: kind in field.closed_to):
        leaf = not isinstance(value, dict) or not value
        if leaf and kind not in field.set_by and pointer not in seen:
            seen.add(pointer)
            others = " and ".join(f"{other}s" for other in sorted(field.set_by))
            may = f"only {others} may, and base" if others else "only base may"
            location: Location = file.document.at(pointer)
            yield Hit(f"{kind}s may not set {dotted(pointer)}", location, pointer, f"By the contract {may}.")
