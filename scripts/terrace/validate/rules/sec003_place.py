"""# Secrets file in a place for none

A secrets file lies somewhere else than in an environment, or in a tenant's folder for an environment.

**Why.** Who can open a secrets file follows from where it lies: those who may see the secrets of that environment, and
of that tenant. In `base`, in a group, or in a tenant in general it would have to be open to developers and to production
alike, or reach production with a development secret.

**Fix.** Move it to `environments/<environment>/` or `<tenant>/<environment>/`, and encrypt it for the recipients there:
`sops updatekeys <file>`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import Location
from terrace.validate.rule import Example, Hit, LayerFile, rule
from terrace.validate.sealed_text import NOTES, SEALED

_TEXT = f"database:\n  password: {SEALED}\n{NOTES}"
GOOD = (Example({"environments/staging/app.secrets.yaml": _TEXT}),)
BAD = (
    Example({"environments/base/app.secrets.yaml": _TEXT}, "environments/base/app.secrets.yaml"),
    Example(
        {"environments/development/app.local.secrets.yaml": _TEXT}, "environments/development/app.local.secrets.yaml"
    ),
    Example({"tenants/acme/app.secrets.yaml": f"mail:\n  token: {SEALED}\n{NOTES}"}, "tenants/acme/app.secrets.yaml"),
    Example(
        {"tenants/_groups/gold/staging/app.secrets.yaml": f"mail:\n  token: {SEALED}\n{NOTES}"},
        "tenants/_groups/gold/staging/app.secrets.yaml",
    ),
    Example({"tenants/app.secrets.yaml": _TEXT}, "tenants/app.secrets.yaml"),
)


@rule("SEC003", "secrets file in a place for none", on="secrets")
def check(file: LayerFile) -> Iterator[Hit]:
    """Every secrets file that is not an environment's, or a tenant's in one."""
    if file.kind not in ("environment", "tenant") or file.environment is None:
        message = f"{file.document.path}: secrets stand in an environment, or in a tenant's folder for one"
        hint = "Move it to environments/<environment>/ or <tenant>/<environment>/."
        yield Hit(message, Location(file.document.path), hint=hint)
