"""# Placeholder in place of a secret

An opened secret waits to be replaced: `changeme`, `TODO`, `your-api-key`, `<your-token>`, `xxx`. It is an error in a protected
environment, and a warning elsewhere.

**Why.** Nobody sees it in an encrypted file, and it breaks where it is used. Some systems take it, and then everybody who
reads the manual has the password.

**Fix.** Set the real value: `terrace secrets set SERVICE PATH --env ENV`. If there is none yet, leave the key out.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.opened import Example, Hit, OpenedSecret, rule
from terrace.validate.strength import placeholder

_PATH = "environments/production/app.secrets.yaml"
GOOD = (Example({}, opened={_PATH: {"database.password": "vRk8-qw2x-0Pd7"}}),)
BAD = (
    Example({}, f"{_PATH}:2", "database.password", opened={_PATH: {"database.password": "CHANGE_ME"}}),
    Example({}, f"{_PATH}:2", "database.password", opened={_PATH: {"database.password": "<the-password>"}}),
)


@rule("SEC044", "placeholder in place of a secret", on="opened")
def check(secret: OpenedSecret) -> Iterator[Hit]:
    """Every value that waits to be replaced, also as the password of a URL."""
    if what := placeholder(secret):
        message = f"{dotted(secret.pointer)} {what} in {secret.where}"
        hint = "Set the real value: terrace secrets set"
        yield Hit(message, secret.location, secret.pointer, hint, severity=secret.severity)
