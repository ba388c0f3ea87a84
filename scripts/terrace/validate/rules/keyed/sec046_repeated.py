"""# One secret in several environments or tenants

Secrets files of two environments, or of two tenants, hold the same value. It is an error where one of the environments is
protected, and a warning elsewhere.

**Why.** What is read in the lesser place opens the other, and a secret that is replaced in one of them stays good in the other.

**Fix.** Make a secret of its own for each. Where an environment is to have the value of another, let it inherit: one that
`extends` another takes its secrets without repeating them. Where an outside service gives out one secret for all, say so:
`suppress` in the `environment.yaml` beside the file, with a reason.

**Exceptions.** Values are compared as they stand in files, so what is inherited is not repeated. Numbers, flags, names, and
what is short or easy to guess are not compared. Equal values are found by a fingerprint under a random key that is
forgotten after the run.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Related
from terrace.model.source import dotted
from terrace.validate.opened import Alike, Example, Hit, OpenedSecret, rule
from terrace.validate.sealed_text import NOTES, SEALED
from terrace.validate.strength import is_distinctive

_PATH = "environments/production/app.secrets.yaml"
_STAGING = "environments/staging/app.secrets.yaml"
_ACME = "tenants/acme/production/app.secrets.yaml"
_TEXT = f"database:\n  password: {SEALED}\n{NOTES}"
_VALUE = {"database.password": "vRk8-qw2x-0Pd7"}
GOOD = (
    Example({_STAGING: _TEXT}, opened={_PATH: _VALUE, _STAGING: {"database.password": "b7Zt-99sm-QqLw"}}),
    Example(
        {
            "environments/production/shared.secrets.yaml": f"mail:\n  token: {SEALED}\n{NOTES}",
            "environments/production/shared.yaml": "mail:\n  sender: shop@harbourkitchen.com\n",
        },
        opened={_PATH: _VALUE, "environments/production/shared.secrets.yaml": {"mail.token": "vRk8-qw2x-0Pd7"}},
    ),
)
BAD = (
    Example({_STAGING: _TEXT}, f"{_PATH}:2", "database.password", opened={_PATH: _VALUE, _STAGING: _VALUE}),
    Example(
        {
            _ACME: f"mail:\n  token: {SEALED}\n{NOTES}",
            "tenants/acme/production/app.yaml": "mail: {sender: shop@acme.com}\n",
        },
        f"{_ACME}:2",
        "mail.token",
        opened={_PATH: _VALUE, _ACME: {"mail.token": "vRk8-qw2x-0Pd7"}},
    ),
)


@rule("SEC046", "one secret in several environments or tenants", on="alike")
def check(alike: Alike) -> Iterator[Hit]:
    """Values that are the same in more than one place where secrets are set, found at the most guarded of them."""
    first, *others = alike.secrets
    elsewhere = list({secret.home: secret for secret in reversed(others) if secret.home != first.home}.values())[::-1]
    if not elsewhere or not is_distinctive(first):
        return
    message = f"{dotted(first.pointer)} in {first.where} is the same secret as {_named(elsewhere[0], first)}"
    if len(elsewhere) > 1:
        message += f", and as in {len(elsewhere) - 1} more"
    related = tuple(Related(each.location, f"the same, in {each.where}") for each in elsewhere)
    yield Hit(message, first.location, first.pointer, "Make one for each.", related, severity=first.severity)


def _named(other: OpenedSecret, first: OpenedSecret) -> str:
    name = "" if other.pointer == first.pointer else f"{dotted(other.pointer)} "
    return f"{name}in {other.where}"
