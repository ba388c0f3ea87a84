"""# Secret that is overdue

A secret is older than the policy of its contract, or of its environment, allows; or somebody could read it who has been
taken out since, and its ledger says `due`.

**Why.** Whoever saw it once (a laptop, a backup, somebody who has left) can use it for as long as it is not renewed.

**Fix.** Renew it: `terrace secrets rotate --due`, or `terrace secrets set` where no policy says how. Both take `due` out of
the ledger. `terrace secrets status` shows what is due, and when.

**Exceptions.** It is a warning for thirty days, so that a pull request about something else can be merged; then it is the
error `SEC037`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Severity
from terrace.validate.overdue import GRACE, overdue
from terrace.validate.rule import Example, FilesView, Hit, rule

_LEDGER = "environments/production/app.ledger.yaml"
_ENVIRONMENT = "environments/production/environment.yaml"
_POLICY = (
    "kind: production\nprotected: true\nreferences:\n  - vault://shop/\n  - vault://tenants/{tenant}/\n"
    "rotation:\n  app.database.password: {max_age: 90d}\n"
)
GOOD = (
    Example({_LEDGER: "database.password: {created: 2020-01-01, rotated: 2020-01-01}\n"}),
    Example({_LEDGER: "database.password: {created: 2020-01-01, rotated: 2020-01-01, due: 2031-01-01}\n"}),
    Example(
        {
            _LEDGER: "database.password: {created: 2026-03-03, rotated: 2026-03-03, phase: current}\n",
            _ENVIRONMENT: _POLICY,
        }
    ),
)
BAD = (
    Example(
        {_LEDGER: "database.password:\n  created: 2026-05-01\n  rotated: 2026-05-01\n  due: 2026-05-31\n"},
        f"{_LEDGER}:4",
        '"database.password".due',
    ),
    Example(
        {
            _LEDGER: "database.password:\n  created: 2026-01-01\n  rotated: 2026-03-02\n  phase: current\n",
            _ENVIRONMENT: _POLICY,
        },
        f"{_LEDGER}:3",
        '"database.password".rotated',
    ),
)


@rule("SEC035", "secret that is overdue", on="files", severity=Severity.WARNING)
def check(view: FilesView) -> Iterator[Hit]:
    """Every secret that is overdue, by no more than the days of grace."""
    for found in overdue(view):
        if found.days <= GRACE:
            hint = "Renew it: terrace secrets rotate --due."
            yield Hit(found.message, found.location, found.pointer, hint)
