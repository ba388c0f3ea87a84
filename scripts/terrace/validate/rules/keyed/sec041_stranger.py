"""# Key that opens what it should not

A key at hand opens a secrets file, and the register gives it no right to.

**Why.** A file says for whom it is encrypted, and nothing proves that it says the truth: an encrypted data key names nobody.
So a file of production may be open to a development key, and look right to every check without one.

**Fix.** Encrypt the file anew with `terrace secrets recipients sync`, and replace the secrets in it: whoever holds the key
could read them. If the key may open the file, say so in `recipients.yaml` and `environment.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.tried import Trial
from terrace.validate.opened import Example, Hit, Tried, rule

_PATH = "environments/production/app.secrets.yaml"
GOOD = (Example({}, tried={_PATH: Trial(unchecked="no key at hand opens it")}),)
BAD = (Example({}, f"{_PATH}:1", tried={_PATH: Trial(strangers=("ben",))}),)


@rule("SEC041", "key that opens what it should not", on="tried")
def check(file: Tried) -> Iterator[Hit]:
    """Every key at hand that opens a file of somebody else, whatever the file says of itself."""
    for name in file.trial.strangers:
        message = f"the key of {name} opens the secrets of {file.environment}, and should not"
        yield Hit(message, file.document.at(()), hint="Encrypt it anew and replace its secrets.")
