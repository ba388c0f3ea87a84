"""# Placeholder or default password in production

A production target would use a value that waits to be replaced (`changeme`, `TODO`, `your-api-key`, `<your-host>`,
`xxx`), or a password, token or key that everybody knows (`password`, `admin`, `secret`, `guest`).

**Why.** The first breaks where it is used; the second works, for everyone. Default passwords are the first thing that is
tried from outside.

**Fix.** Set the real value; for a credential, in the environment's secrets file or as a reference to a secret manager.

**Exceptions.** References to a secret are fine, and so are keys that only *name* where a secret is (`password_file`,
`secret_name`). Templates are LEAK020's. The value is never shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.placeholders import EVERYBODY_KNOWS, is_credential, is_placeholder, is_to_be_filled, passwords_in
from terrace.validate.rule import Example, Hit, Leaf, rule
from terrace.validate.words import is_document, is_prose, words

GOOD = (
    Example(
        {
            "environments/base/app.yaml": """\
branding:
  labels:
    password_file: /run/secrets/password
    secret_name: password
    token_url: https://id.harbourkitchen.com/token
    user: admin
    database: test
    currency: XXX
    password_reset: "true"
    secret: "true"
    vat: <none>
    mail: <orders@harbourkitchen.com>
    list: todo
    site: your-kitchen.harbourkitchen.com
"""
        }
    ),
    Example({"environments/development/app.yaml": "server:\n  public_url: http://d:1\ndatabase:\n  host: changeme\n"}),
)
BAD = (
    Example(
        {"environments/base/app.yaml": "payments:\n  publishable_key: CHANGE_ME\n"},
        "environments/base/app.yaml:2",
        "payments.publishable_key",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    admin_password: admin\n"},
        "environments/base/app.yaml:3",
        "branding.labels.admin_password",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    queue: amqp://guest:guest@mq.internal:5672/\n"},
        "environments/base/app.yaml:3",
        "branding.labels.queue",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    account: <your account id>\n"},
        "environments/base/app.yaml:3",
        "branding.labels.account",
    ),
)


@rule(
    "LEAK018",
    "placeholder or default password in production",
    on="value",
    values=r"change|replace|fill|set|update|edit|todo|fixme|tbd|tbc|xxx|place|lorem|insert|put|enter|add|paste|your|goes"
    r"|not|<|://[^\s/]*@|^\s*(" + "|".join(sorted(EVERYBODY_KNOWS)) + r")\s*$",
)
def check(leaf: Leaf) -> Iterator[Hit]:
    """A value that waits to be replaced, or a credential that everybody knows. The value itself is not told."""
    what = "" if is_prose(leaf.name) or is_document(leaf.text) else _what(leaf)
    if what:
        yield Hit(f"{dotted(leaf.pointer)} {what} in production", leaf.location, leaf.pointer, "Set the real value.")


def _what(leaf: Leaf) -> str:
    text = leaf.text.strip()
    said = words(leaf.name)
    if is_placeholder(text) and "currency" not in said:
        return "is a placeholder"
    if is_to_be_filled(text):
        return "holds a placeholder in angle brackets"
    if is_credential(said) and text.lower() in EVERYBODY_KNOWS:
        return "is a default that everybody knows"
    if any(password.lower() in EVERYBODY_KNOWS for password in passwords_in(text)):
        return "has a default password in its URL"
    return ""
