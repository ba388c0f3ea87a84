"""# Secrets that do not fit together

Each value is fine by itself, and a rule that the contract's own code holds refuses them together, or refuses a secret.

**Why.** Such a rule is run without secrets too, with something made up in their place, and says nothing of them then. The
application runs it with the real ones, and would refuse them when it starts.

**Fix.** Set the secret again. What the rule says is shown as it stands in `schemas/`, with `********` for everything that
was put into it, since that could be the secret. Text that stands there in no `raise` or `assert` is not shown.

**Exceptions.** Nothing is said of a target of which a secrets file could not be opened. What the contract's code itself
prints or logs is its own: it must not show what it is given.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.opened import Example, Hit, Unfit, rule
from terrace.validate.sealed_text import NOTES, SEALED

_PATH = "environments/staging/app.secrets.yaml"
_FILE = {_PATH: f"database:\n  password: {SEALED}\n{NOTES}"}
GOOD = (Example(_FILE, opened={_PATH: {"database.password": "vRk8-qw2x-0Pd7"}}),)
BAD = (Example(_FILE, f"{_PATH}:2", "database.password", opened={_PATH: {"database.password": "xK9-port-5432-y"}}),)


@rule("SEC043", "secrets that do not fit together", on="unfit")
def check(problem: Unfit) -> Iterator[Hit]:
    """Every fault that the contract's own code finds once secrets are in their places, and did not find before."""
    if problem.keyword == "cross-field":
        name = dotted(problem.pointer)
        message = problem.message if name.rpartition(".")[2] in problem.message else f"{name}: {problem.message}"
        yield Hit(message, problem.location, problem.pointer, "Set it again: terrace secrets set")
