"""# Recipient whose key is no public key

`recipients.yaml` gives somebody a key that secrets cannot be encrypted for.

**Why.** A typing error in a key locks somebody out, or makes every command that encrypts fail on the day it is needed. A
private key in its place is worse: whoever can read the repository can open everything that it opens.

**Fix.** Write the public key: `age1...` (`age-keygen -y` prints it), `ssh-ed25519 ...` or `ssh-rsa ...`. A private key that
stood here must be replaced by a new one, and the secrets that it opens with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.entities import Repository
from terrace.model.recipients import FILE
from terrace.validate.keys import key_fault
from terrace.validate.rule import Example, Hit, rule
from terrace.validate.sealed_text import APP, REGISTER

_MORE = f"{REGISTER}  app: {{kind: workload, owner: team-app, environments: [staging], since: 2026-01-01, key: "
_SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFpIj0s3zJ4VxWmYq0r0a2l8z2uT0mC1rY4yQn0xZ0aB"
GOOD = (
    Example({FILE: f"{_MORE}{APP}}}\n"}),
    Example({FILE: f"{_MORE}{_SSH} app@laptop}}\n"}),
)
BAD = (
    Example({FILE: f"{_MORE}{APP[:-1]}z}}\n"}, f"{FILE}:3", "recipients.app.key"),
    Example({FILE: f"{_MORE}{_SSH.replace('ed25519', 'rsa')}}}\n"}, f"{FILE}:3", "recipients.app.key"),
    Example({FILE: f"{_MORE}age1yubikey1{APP[5:]}}}\n"}, f"{FILE}:3", "recipients.app.key"),
    Example({FILE: f"{_MORE}AGE-SECRET-KEY-HUNTER2}}\n"}, f"{FILE}:3", "recipients.app.key"),
)


@rule("SEC010", "recipient whose key is no public key", on="repository")
def check(repository: Repository) -> Iterator[Hit]:
    """Every key that is not one of those that age takes. The message never holds it: it may be a private one."""
    document = repository.register.document
    for name, recipient in repository.register.recipients.items():
        fault = key_fault(recipient.key)
        if fault and document:
            pointer = ("recipients", name, "key")
            hint = "Write the public key: age1..., ssh-ed25519 ... or ssh-rsa ..."
            yield Hit(f"the key of '{name}' {fault}", document.at(pointer), pointer, hint)
