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

import re
from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.later import later
from terrace.validate.rule import Example, Hit, Leaf, rule
from terrace.validate.words import is_document, is_prose, word_set, words

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

_WAITING = later(
    r"\s*(?:change[-_ ]?(?:me|this|it[-_ ]?now)\W*|(?:please[-_ ])?(?:replace|fill|set|update|edit)[-_ ]?(?:me|this|me[-_ ]in)\W*"
    r"|(?-i:TODO\b.*|FIXME\b.*|TBD|TBC)|x{3,}|place[-_ ]?holder|lorem ipsum\b.*|insert[-_ ].*[-_ ]here|(?:put|enter|add|paste)[-_ ]your[-_ ].*"
    r"|your[-_ ](?!own\b)(?:[^.@/]*|(?:company|domain|host|org|server|site)\..*)|.*[-_ ]goes[-_ ]here|not[-_ ]a[-_ ]real[-_ ].*)\s*",
    re.I | re.S,
)
_CHANGE = later(r"(?<![a-z])change[-_]?me(?![a-z])", re.I)
_ANGLE = later(
    r"<(?:your|my|the|insert|replace|enter|some)[-_ ][^<>\n]{1,60}>|^<(?=[^>]*[-_ ])[A-Za-z][\w .-]{1,60}>$",
    re.I,
)
_CREDENTIAL = word_set(
    "apikey credential credentials pass passphrase passwd password passwords pw pwd secret secrets token tokens"
)
_KEYS = word_set("access api auth encryption master private secret session shared signing")
_KNOWN = word_set(
    "123456 12345678 123456789 1234567890 abc123 admin admin123 administrator bitnami changeit default demo dummy"
    " example foobar guest hunter2 letmein minio minioadmin minio123 mysql pass passw0rd password password1"
    " password123 postgres qwerty rabbitmq root s3cr3t s3cret secret secret123 secretkey super-secret supersecret"
    " temp temporary test test123 tester testing welcome welcome1"
)
_USERINFO = later(r"://(?P<user>[^\s/:@]*):(?P<password>[^\s/@]+)@")


@rule(
    "LEAK018",
    "placeholder or default password in production",
    on="value",
    values=r"change|replace|fill|set|update|edit|todo|fixme|tbd|tbc|xxx|place|lorem|insert|put|enter|add|paste|your|goes"
    r"|not|<|://[^\s/]*@|^\s*(" + "|".join(sorted(_KNOWN)) + r")\s*$",
)
def check(leaf: Leaf) -> Iterator[Hit]:
    """A value that waits to be replaced, or a credential that everybody knows. The value itself is not told."""
    what = "" if is_prose(leaf.name) or is_document(leaf.text) else _what(leaf)
    if what:
        yield Hit(f"{dotted(leaf.pointer)} {what} in production", leaf.location, leaf.pointer, "Set the real value.")


def _what(leaf: Leaf) -> str:
    text = leaf.text.strip()
    said = words(leaf.name)
    if (_WAITING.fullmatch(text) or _CHANGE.search(text)) and "currency" not in said:
        return "is a placeholder"
    if _ANGLE.search(text):
        return "holds a placeholder in angle brackets"
    if _is_credential(said) and text.lower() in _KNOWN:
        return "is a default that everybody knows"
    for match in _USERINFO.finditer(text):
        if match["password"].lower() in _KNOWN:
            return "has a default password in its URL"
    return ""


def _is_credential(said: tuple[str, ...]) -> bool:
    """Whether a key holds a credential, rather than naming where one is."""
    if said[-1:] == ("key",):
        return bool(_KEYS.intersection(said[:-1]))
    return bool(said) and said[-1] in _CREDENTIAL
