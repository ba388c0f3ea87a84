"""# Development value in production

A production target uses a host, an e-mail address, a bucket, an account or a key id that a layer of a development or
test environment introduced. Compared are the fields of which the contract says that they *identify* something, whole:
the host of a URL, never a part of a name. The finding stands at the production value, with the development one beside it.

**Why.** Such a value looks right. No pattern finds it, and reviewers read past it; production then writes into the
database of the testers, or sends its mail from their account.

**Fix.** Set production's own value. If both environments really share the thing, say so once: set it in
`environments/base/` (or in the tenant's own file for all environments), and nothing is reported.

**Exceptions.** Values that a shared layer sets too: a default, `base`, a group or the tenant in general. Other tenants'
values are not compared, nor is an address of the machine itself, for which LEAK010 speaks.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Related
from terrace.model.layers import Contribution, value_at
from terrace.model.service import Field
from terrace.model.source import dotted
from terrace.validate.facts import Introduced
from terrace.validate.identities import Identity
from terrace.validate.rule import Example, Hit, TargetView, rule

_DEVELOPMENT = "server:\n  public_url: https://dev.harbourkitchen.com\ndatabase:\n  host: db.dev.internal\n"
_PRODUCTION = "server:\n  public_url: https://www.harbourkitchen.com\ndatabase:\n  host: {}\n"

GOOD = (
    Example({"environments/development/app.yaml": _DEVELOPMENT}),
    Example(
        {
            "environments/development/app.yaml": _DEVELOPMENT,
            "environments/production/app.yaml": _PRODUCTION.format("replica-db.dev.internal"),
        }
    ),
    Example(
        {
            "environments/base/app.yaml": "database:\n  host: db.dev.internal\n",
            "environments/development/app.yaml": _DEVELOPMENT,
            "environments/production/app.yaml": _PRODUCTION.format("db.dev.internal"),
        }
    ),
    Example({"environments/production/app.yaml": _PRODUCTION.format("db.staging.internal")}),
    Example(
        {
            "environments/development/app.yaml": _DEVELOPMENT + "branding:\n  support_email: help@acme.com\n",
            "tenants/acme/production/app.yaml": "branding:\n  support_email: help@acme.com\n",
        }
    ),
)
BAD = (
    Example(
        {
            "environments/development/app.yaml": _DEVELOPMENT,
            "environments/production/app.yaml": _PRODUCTION.format("db.dev.internal"),
        },
        "environments/production/app.yaml:4",
        "database.host",
    ),
    Example(
        {
            "environments/development/app.yaml": _DEVELOPMENT,
            "environments/production/app.yaml": "server:\n  public_url: https://DB.dev.internal:8443/shop\ndatabase:\n  host: db.production.internal\n",
        },
        "environments/production/app.yaml:2",
        "server.public_url",
    ),
    Example(
        {
            "tenants/acme/development/app.yaml": "branding:\n  support_email: testers@acme.com\n",
            "tenants/acme/production/app.yaml": "branding:\n  support_email: Testers@acme.com\n",
        },
        "tenants/acme/production/app.yaml:2",
        "branding.support_email",
    ),
)

_NAMES = {
    "host": "host",
    "email": "e-mail address",
    "bucket": "bucket",
    "account": "account",
    "key_id": "key id",
}


@rule("LEAK004", "development value in production", on="target", about="identifies")
def check(view: TargetView) -> Iterator[Hit]:
    """Everything distinctive in a production target that a development or test layer introduced."""
    suspects = view.facts.suspects(view.tenant) if view.production else {}
    if not suspects or all(suspects.keys().isdisjoint(names) for names in view.facts.names(view.contract, view.config)):
        return
    for field, pointer, name in view.facts.identities(view.contract, view.config.values):
        introduced = suspects.get(name)
        winner = view.config.winner(pointer) if introduced else None
        if introduced and winner and not _is_told_elsewhere(view, field, introduced, winner):
            yield Hit(
                f"{dotted(pointer)} is {_said(name)} of {introduced.environment}",
                winner.location,
                pointer,
                "Set production's own value, or set it in environments/base/ if both share it.",
                (Related(introduced.location, f"{introduced.environment} introduces it here"),),
            )


def _is_told_elsewhere(view: TargetView, field: Field, introduced: Introduced, winner: Contribution) -> bool:
    """Whether the value came by `extends` (LEAK001), or the two are equal where they must differ (LEAK003)."""
    if winner.layer.environment in {foreign.environment.name for foreign in view.facts.foreign(view.environment)}:
        return True
    if not field.must_differ or introduced.pointer != winner.pointer:
        return False
    theirs = view.facts.config(view.config.target.service, introduced.environment).values
    return bool(value_at(theirs, winner.pointer) == winner.value)


def _said(name: Identity) -> str:
    """What was introduced, in words; account and key ids are not spelled out."""
    what = f"the {_NAMES[name.kind]}"
    return what if name.kind in ("account", "key_id") else f"{what} {name.name}"
