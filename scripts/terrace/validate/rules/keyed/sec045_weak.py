"""# Secret that is easy to guess

An opened secret is a default or a common password, the name of its key or service, a row of keys, repeats itself, or has
fewer than eight characters. It is an error in a protected environment, and a warning elsewhere.

**Why.** Whoever reaches the system tries these first. A machine reads the value, so nobody has to remember it: there is no
reason for anything but random characters.

**Fix.** Have one made: `terrace secrets rotate` where the contract or the environment has a generator for it; else set it again.

**Exceptions.** Keys in PEM, documents and addresses are not judged, but for the password of a URL; nor are names that are kept
beside a password, such as `user`. A field that its contract keeps under eight characters (a PIN) is not too short. How easy
a value is to guess is counted by [zxcvbn](https://github.com/dwolfhub/zxcvbn-python). The value is never shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.opened import Example, Hit, OpenedSecret, rule
from terrace.validate.sealed_text import NOTES, SEALED
from terrace.validate.strength import weakness

_PATH = "environments/staging/app.secrets.yaml"
_FILE = {_PATH: f"database:\n  password: {SEALED}\n{NOTES}"}
GOOD = (
    Example(_FILE, opened={_PATH: {"database.password": "vRk8-qw2x-0Pd7"}}),
    Example(_FILE, opened={_PATH: {"database.password": "ftp://mail.app"}}),
)
BAD = tuple(
    Example(_FILE, f"{_PATH}:2", "database.password", opened={_PATH: {"database.password": text}})
    for text in (
        "supersecret",
        "Liverpool1",
        "database",
        "app-password",
        "vRk8",
        "abcdefghijkl",
        "xyxyxyxyxyxy",
        "a://b:guest@c",
    )
)


@rule("SEC045", "secret that is easy to guess", on="opened")
def check(secret: OpenedSecret) -> Iterator[Hit]:
    """Every text that is used as a password and is a weak one."""
    if why := weakness(secret):
        message = f"{dotted(secret.pointer)} {why}, in {secret.where}"
        yield Hit(message, secret.location, secret.pointer, "Use random characters.", severity=secret.severity)
