"""# Two proposals of one secret

Two proposals beside each other set the same secret.

**Why.** Only one of them takes effect, the one whose name comes last, and that is chance. Whoever made the other
believes that their value is in force.

**Fix.** Delete the one that is out of date, or fold them: `terrace secrets fold`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Related, Severity
from terrace.model.layers import leaves
from terrace.model.source import Location, Pointer, dotted
from terrace.validate.rule import Example, FilesView, Hit, rule
from terrace.validate.sealed import values_of
from terrace.validate.sealed_text import NOTES, SEALED

_ONE, _TWO = (f"environments/production/app.proposed-{slug}.secrets.yaml" for slug in ("a-1", "b-2"))
_TEXT = f"database:\n  password: {SEALED}\n{NOTES}"
_OTHER = f"mail:\n  token: {SEALED}\n{NOTES}"
GOOD = (
    Example({_ONE: _TEXT}),
    Example(
        {
            "environments/production/app.yaml": "server:\n  public_url: https://www.harbourkitchen.com\ndatabase:\n  host: db.production.internal\nmail:\n  sender: shop@harbourkitchen.com\n",
            _ONE: _TEXT,
            _TWO: _OTHER,
        }
    ),
)
BAD = (Example({_ONE: _TEXT, _TWO: _TEXT}, f"{_TWO}:2", "database.password"),)


@rule("SEC032", "two proposals of one secret", on="files", severity=Severity.WARNING)
def check(view: FilesView) -> Iterator[Hit]:
    """Every secret that a weaker proposal sets too."""
    for paths in view.files.proposals.values():
        seen: dict[Pointer, Location] = {}
        for path in sorted(paths):
            document = view.files.secrets.get(path)
            for pointer, _ in leaves(values_of(document)) if document else ():
                place = document.at(pointer) if document else Location(path)
                if pointer in seen:
                    related = (Related(seen[pointer], "and here"),)
                    yield Hit(f"{dotted(pointer)} is proposed twice", place, pointer, "Delete one.", related)
                seen[pointer] = place
