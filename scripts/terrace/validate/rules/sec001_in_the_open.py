"""# Secret in a plain file

A field that the contract marks as a secret has its value in a file that everybody can read.

**Why.** Whoever can read the repository has the password, also when it is gone from the newest commit: Git keeps it.

**Fix.** Change the secret where it is used, for this one is known. Set the new one in the `<service>.secrets.yaml` of
the environment, encrypted with SOPS, or write a reference: `password: ref+vault://shop/database#/password`

**Exceptions.** `null` removes an inherited secret, and is none itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.rule import Example, Hit, SchemaProblem, rule

GOOD = (
    Example({"environments/base/app.yaml": "database:\n  password: ref+vault://shop/database#/password\n"}),
    Example({"environments/staging/shared.yaml": "database:\n  password: null\n"}),
)
BAD = (
    Example(
        {"environments/base/app.yaml": "database:\n  password: hunter2\n"},
        "environments/base/app.yaml:2",
        "database.password",
    ),
    Example(
        {"tenants/acme/staging/shared.yaml": "database:\n  password: [hunter2]\n"},
        "tenants/acme/staging/shared.yaml:2",
        "database.password",
        also=("TEN001",),
    ),
)


@rule("SEC001", "secret in a plain file", on="schema")
def check(problem: SchemaProblem) -> Iterator[Hit]:
    """Every value at a secret field that is not a reference. The message never holds it."""
    if problem.target is None and problem.field is not None and problem.field.secret:
        message = f"{dotted(problem.pointer)} is a secret, and stands in a plain file"
        hint = "Replace the secret, and set the new one in a secrets file or as a reference (ref+vault://...)."
        yield Hit(message, problem.location, problem.pointer, hint)
