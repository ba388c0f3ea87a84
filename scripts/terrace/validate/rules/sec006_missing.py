"""# Required secret missing

The contract requires a secret that no secrets file of a target sets, and no plain file gives a reference for.

**Why.** The application would not start. It is better to hear it here than from the application.

**Fix.** Set the secret in the file that the finding names: `terrace secrets set <service> <path> --env <env>`. A reference in a plain file does too:
`token: ref+vault://shop/mail#/token`
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import Location, Pointer, dotted
from terrace.validate.rule import Example, Hit, TargetView, rule
from terrace.validate.sealed import is_wanted, says, secrets_of, values_of
from terrace.validate.sealed_text import NOTES, SEALED

_SENDER = "mail:\n  sender: shop@harbourkitchen.com\n"
GOOD = (
    Example(
        {
            "environments/staging/shared.yaml": _SENDER,
            "environments/staging/shared.secrets.yaml": f"mail:\n  token: {SEALED}\n{NOTES}",
        }
    ),
    Example({"environments/base/shared.yaml": f"{_SENDER}  token: ref+vault://shop/mail#/token\n"}),
)
BAD = (
    Example({"environments/staging/shared.yaml": _SENDER}, "environments/staging/app.secrets.yaml", "mail.token"),
    Example(
        {"environments/production/shared.yaml": _SENDER}, "environments/production/app.secrets.yaml:1", "mail.token"
    ),
)


@rule("SEC006", "required secret missing", on="target", about="presence")
def check(view: TargetView) -> Iterator[Hit]:
    """Every secret that is required in a section that is there, and set nowhere."""
    contract, values = view.contract, view.config.values
    wanted = [pointer for pointer in contract.required_secrets if is_wanted(contract, values, pointer)]
    if not wanted:
        return
    # A null in a stronger secrets file removes nothing: it is refused as such, by SEC007.
    sealed = [values_of(found.document) for found in secrets_of(view)]
    for pointer in wanted:
        if not any(says(each, pointer) for each in (*sealed, values)):
            message = f"the secret {dotted(pointer)} is required and not set in {view.environment.name}"
            yield Hit(message, _place(view, pointer), pointer, "Set it here: terrace secrets set.")


def _place(view: TargetView, pointer: Pointer) -> Location:
    path = f"environments/{view.environment.name}/{view.config.target.service}.secrets.yaml"
    document = view.repository.files.secrets.get(path)
    return document.at(pointer) if document else Location(path)
