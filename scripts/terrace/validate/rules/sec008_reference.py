"""# Reference that is not well formed

A value is meant as a reference to a secret manager and is none: an unknown store, a path or key that is not well formed,
a parameter that says who asks, or a reference inside of other text.

**Why.** It would fail when the application starts, or be handed to the application as text. A reference that could say
which server to ask would send the application's own token there.

**Fix.** Write one of these, as the whole value:

- `ref+vault://secret/data/production/db#/password`
- `ref+awssecrets://production/db?region=eu-west-1#/password`
- `ref+awsssm://production/db/password?region=eu-west-1`
- `ref+file://run/secrets/db`
- `ref+env://DB_PASSWORD`
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.layers import leaves
from terrace.model.reference import Malformed, is_reference, parse
from terrace.model.source import Pointer, dotted
from terrace.validate.rule import Example, Hit, LayerFile, rule

_APP = "environments/production/app.yaml"
_REST = """\
server:
  public_url: https://www.harbourkitchen.com
database:
  host: db.production.internal
"""
GOOD = (
    Example({_APP: f"{_REST}payments:\n  publishable_key: ref+vault://shop/payments#/key\n"}),
    Example({_APP: f"{_REST}branding:\n  labels:\n    note: see ref+anything for more\n"}),
)
BAD = (
    Example({_APP: f"{_REST}  password: ref+vault://shop/db#password\n"}, f"{_APP}:5", "database.password"),
    Example({_APP: f"{_REST}  password: ref+valt://shop/db#/password\n"}, f"{_APP}:5", "database.password"),
    Example(
        {_APP: f"{_REST}  password: ref+vault://shop/db?address=https://example.net#/password\n"},
        f"{_APP}:5",
        "database.password",
    ),
    Example({_APP: f"{_REST}  password: ref+vault://shop/../db#/password\n"}, f"{_APP}:5", "database.password"),
    Example(
        {_APP: f"{_REST}payments:\n  publishable_key: key-ref+vault://shop/db#/key\n"},
        f"{_APP}:6",
        "payments.publishable_key",
    ),
)


@rule("SEC008", "reference that is not well formed", on="document")
def check(file: LayerFile) -> Iterator[Hit]:
    """Every value that is meant as a reference and cannot be read as one. The message never holds it."""
    if "ref+" not in file.document.text:
        return
    for pointer, value in leaves(file.document.value):
        found = parse(value) if isinstance(value, str) else None
        if isinstance(found, Malformed) and not _is_plain_secret(file, pointer, value):
            message = f"{dotted(pointer)}: {found.problem}"
            yield Hit(message, file.document.at(pointer), pointer, found.hint)


def _is_plain_secret(file: LayerFile, pointer: Pointer, value: object) -> bool:
    """Whether the value counts as a secret in the open, and is told as such."""
    fields = [contract.field(pointer) for contract in file.contracts]
    return not is_reference(value) and any(field is not None and field.secret for field in fields)
