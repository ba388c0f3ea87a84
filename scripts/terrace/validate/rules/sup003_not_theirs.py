"""# Suppression that a tenant may not write

A file of a tenant lets a leak or a mistake with secrets stand.

**Why.** Such a mistake reaches further than the tenant: what leaks, leaks to all. So those who own the environments
decide, and not whoever may write in the tenant's folder.

**Fix.** Mend the mistake. If it may stand, it may so for the environment: the value, and the comment, belong to a file
of the environment or a group.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.validate.rule import Example, Hit, rule
from terrace.validate.suppress import SuppressionView

GOOD = (
    Example(
        {
            "tenants/acme/app.yaml": "server:  # the defaults\n  threads: 8  # terrace: ignore[TEN001,SCH005] agreed in May\n"
        }
    ),
)
BAD = (
    Example(
        {"tenants/acme/app.yaml": "payments:\n  endpoint: http://localhost:1  # terrace: ignore[LEAK010] a sidecar\n"},
        "tenants/acme/app.yaml:2",
        also=("LEAK010",),
    ),
)


@rule("SUP003", "suppression that a tenant may not write", on="suppression")
def check(view: SuppressionView) -> Iterator[Hit]:
    """Every suppression in a tenant's file that named a finding it must not hold back."""
    if view.refused:
        codes = " or ".join(sorted(set(view.refused)))
        message = f"a tenant's file cannot let {codes} stand"
        yield Hit(message, view.suppression.location, view.suppression.entry, "Mend the mistake.")
