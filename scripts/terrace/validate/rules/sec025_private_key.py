"""# Private key in the repository

A file holds a private key: one of age, or any other in PEM, also inside other text or in base64.

**Why.** Whoever has a copy of the repository has the key, and opens with it all that was ever encrypted for it. Git keeps
it when the file is gone.

**Fix.** Count everything that the key opens as known: make another one (`terrace secrets init`), take this one out of the
register (`terrace secrets recipients remove`), and replace the secrets. Then delete it here. A key belongs where SOPS looks
for it, in `~/.config/sops/age/keys.txt`, or into the store of a platform.

**Exceptions.** There is none, and nothing suppresses it: tests make a key when they run.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.validate.rule import Example, Exposure, Hit, rule

# In two parts, so that this file holds none.
_AGE = "AGE-SECRET-" + "KEY-1" + "Q" * 58
_PEM = "-----BEGIN OPENSSH " + "PRIVATE KEY-----"
_PATH = "environments/staging/shared.yaml"
GOOD = (
    Example({_PATH: "# Never write AGE-SECRET-" + "KEY-1... here.\nlogging:\n  level: info\n"}),
    Example({_PATH: f"# It begins with {_PEM}\nlogging:\n  level: info\n"}),
)
BAD = (
    Example({_PATH: f"# {_AGE}\nlogging:\n  level: info\n"}, _PATH + ":1"),
    Example({_PATH: f"# {_PEM}\n# {'b3BlbnNzaC1rZXktdjE' * 4}\nlogging:\n  level: info\n"}, _PATH + ":1"),
)


@rule("SEC025", "private key in the repository", on="exposed")
def check(key: Exposure) -> Iterator[Hit]:
    """Every private key, wherever it stands."""
    hint = "Replace the key and all that it opens, then delete it here: Git keeps it."
    yield Hit(f"{key.what} stands in the repository", key.location, hint=hint)
