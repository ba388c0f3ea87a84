"""# Secret that is long overdue

A secret is more than thirty days older than its policy allows, or its ledger has said `due` for longer.

**Why.** As a warning it was passed by. A policy that nobody keeps is worse than none: it is believed.

**Fix.** Renew it: `terrace secrets rotate --due`. If the policy asks too much, change it where its owners see it, in the
contract or under `rotation` in `environment.yaml`.

**Exceptions.** For the first thirty days it is the warning `SEC035`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.validate.overdue import GRACE, overdue
from terrace.validate.rule import Example, FilesView, Hit, rule

_LEDGER = "environments/production/app.ledger.yaml"
_ENVIRONMENT = "environments/production/environment.yaml"
_POLICY = (
    "kind: production\nprotected: true\nreferences:\n  - vault://shop/\n  - vault://tenants/{tenant}/\n"
    "rotation:\n  app.database.password: {max_age: 30d}\n"
)
GOOD = (
    Example(
        {
            _LEDGER: "database.password: {created: 2026-05-15, rotated: 2026-05-15, phase: current}\n",
            _ENVIRONMENT: _POLICY,
        }
    ),
)
BAD = (
    Example(
        {_LEDGER: "database.password: {created: 2026-01-01, rotated: 2026-02-01, due: 2026-02-02}\n"},
        f"{_LEDGER}:1",
        '"database.password".due',
    ),
    Example(
        {
            _LEDGER: "database.password: {created: 2026-01-01, rotated: 2026-02-01, phase: current}\n",
            _ENVIRONMENT: _POLICY,
        },
        f"{_LEDGER}:1",
        '"database.password".rotated',
    ),
)


@rule("SEC037", "secret that is long overdue", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every secret that is overdue by more than the days of grace."""
    for found in overdue(view):
        if found.days > GRACE:
            hint = "Renew it: terrace secrets rotate --due."
            yield Hit(found.message, found.location, found.pointer, hint)
