"""# Plain value over a secret

A plain file sets a secret, or a section around it, to null or to a value of its own, and a weaker layer's secrets file
sets the secret.

**Why.** Secrets are merged apart from plain values, and added last. The plain file would look as if it removed or
replaced the secret, and the application would get it all the same.

**Fix.** Remove the secret from the weaker secrets file, or set another one in a secrets file of this layer. To have a
tenant without it, leave it out of what all share.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from terrace.model.findings import Related
from terrace.model.layers import Contribution, Layer, contribution, leaves
from terrace.model.reference import is_reference
from terrace.model.source import dotted
from terrace.validate.rule import Example, Hit, TargetView, rule
from terrace.validate.sealed import secrets_of, values_of
from terrace.validate.sealed_text import NOTES, SEALED

GOOD = (
    Example({"environments/production/shared.yaml": "branding:\n  labels: null\n"}),
    Example(
        {
            "environments/base/app.yaml": "mail: null\n",
            "environments/staging/app.secrets.yaml": f"mail:\n  token: {SEALED}\n{NOTES}",
        }
    ),
)
BAD = (
    Example(
        {
            "environments/eu/environment.yaml": "kind: production\nprotected: true\nextends: production\n",
            "environments/eu/app.yaml": "database:\n  password: null\n",
        },
        "environments/eu/app.yaml:2",
        "database.password",
    ),
    Example(
        {
            "environments/production/app.secrets.yaml": f"mail:\n  token: {SEALED}\n{NOTES}",
            "tenants/acme/app.yaml": "mail: null\n",
        },
        "tenants/acme/app.yaml:1",
        "mail",
    ),
    Example(
        {
            "environments/staging/app.secrets.yaml": f"database:\n  password: {SEALED}\n{NOTES}",
            "tenants/acme/app.yaml": "database:\n  password: null\n",
        },
        "tenants/acme/app.yaml:2",
        "database.password",
        also=("TEN001",),
    ),
)


@rule("SEC005", "plain value over a secret", on="target", about="secret")
def check(view: TargetView) -> Iterator[Hit]:
    """Every plain value at or above a secret that is set in a weaker folder than the value is."""
    for sealed in secrets_of(view):
        stronger = [layer for layer in view.config.layers if layer.path.rsplit("/", 1)[0] not in sealed.weaker]
        for pointer, value in leaves(values_of(sealed.document)):
            if not pointer or value is None or value == {}:
                continue
            for layer in stronger:
                said = contribution(layer, pointer)
                if said is not None and not _is_refused(view, said):
                    yield _hit(layer, said, Related(sealed.document.at(pointer), "the secret is set here"))


def _hit(layer: Layer, said: Contribution, related: Related) -> Hit:
    name = dotted(said.pointer)
    done = "removed by a null" if said.value is None else "set"
    message = f"{name} is {done} in a plain file, over a secret that is added afterwards"
    hint = "Remove the secret from the weaker secrets file, or set another one in a secrets file here."
    return Hit(message, layer.document.at(said.pointer), said.pointer, hint, (related,))


def _is_refused(view: TargetView, said: Contribution) -> bool:
    """Whether the schema objects to the value already: text in place of a section, a secret in the open."""
    value: Any = said.layer.values
    for part in said.pointer:
        value = value[part]
    field = view.contract.field(said.pointer)
    return value is not None and not (is_reference(value) and field is not None and field.secret)
