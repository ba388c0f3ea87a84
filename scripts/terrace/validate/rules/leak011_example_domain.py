"""# Example domain in production

A production target would use a host that is reserved for examples and tests: `example.com`, `.net`, `.org` and
what lies below them, or a name that ends in `.example`, `.test` or `.invalid` (RFC 2606 and RFC 6761).

**Why.** Such names belong to nobody, so that documentation can use them. A value that still has one was copied from an
example and never filled in: mail to it is lost, and a login that points at it fails.

**Fix.** Set the real host in the production environment's file, or remove the key.

**Exceptions.** Texts for people may mention them. `.example` and `.test` count only as a host: in a URL, in an e-mail
address, or under a key such as `host` or `domain`, because classes and files are called `com.acme.test` too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.hosts import NAME, hosts, is_below, urls
from terrace.validate.later import later
from terrace.validate.rule import Example, Hit, Leaf, rule
from terrace.validate.words import is_document, is_prose, word_set, words

GOOD = (
    Example(
        {"environments/development/app.yaml": "server:\n  public_url: http://shop.test\ndatabase:\n  host: db.test\n"}
    ),
    Example(
        {
            "environments/base/app.yaml": """\
branding:
  labels:
    host: www.my-example.com
    domain: example.com.au
    class: com.acme.test
    file: settings.yaml.example
    description: Write to somebody@example.com
    contest: https://www.test.de
"""
        }
    ),
)
BAD = (
    Example(
        {"environments/base/app.yaml": "branding:\n  support_email: help@example.com\n"},
        "environments/base/app.yaml:2",
        "branding.support_email",
    ),
    Example(
        {"environments/base/app.yaml": "payments:\n  endpoint: https://pay.example.org/v1\n"},
        "environments/base/app.yaml:2",
        "payments.endpoint",
    ),
    Example(
        {"environments/base/app.yaml": "cors:\n  origins: ['https://shop.test']\n"},
        "environments/base/app.yaml:2",
        "cors.origins[0]",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    cookie_domain: .acme.example\n"},
        "environments/base/app.yaml:3",
        "branding.labels.cookie_domain",
    ),
)

_DOMAINS = ("example.com", "example.net", "example.org")
_TOPS = ("example", "test", "invalid")
_MENTIONED = later(r"(?<![a-z0-9_@.-])(?:[a-z0-9_*-]+\.)*example\.(?:com|net|org)\.?(?![a-z0-9_.-])", re.I)
_AT = later(rf"(?<=@){NAME}", re.I)
_HOST_WORDS = word_set(
    "address cname dns domain domains email endpoint host hostname hosts issuer mail server servers uri url"
)


@rule("LEAK011", "example domain in production", on="value", values=r"example|\.test|\.invalid|^test$|^invalid$")
def check(leaf: Leaf) -> Iterator[Hit]:
    """A value that is, or contains, a host that is reserved for examples and tests."""
    host = "" if is_prose(leaf.name) or is_document(leaf.text) else _reserved(leaf)
    if host:
        hint = "Set the real host here, or in a stronger layer of production."
        yield Hit(f"{dotted(leaf.pointer)} is {host} in production", leaf.location, leaf.pointer, hint)


def _reserved(leaf: Leaf) -> str:
    """The first reserved host in the value, or nothing."""
    named = list(hosts(leaf.text))
    for host in named:
        if is_below(host, *_DOMAINS):
            return host
    sure = {url.host for url in urls(leaf.text)} | {at.lower() for at in _AT.findall(leaf.text)}
    for host in named:
        if is_below(host, *_TOPS) and "." in host and (host in sure or _HOST_WORDS.intersection(words(leaf.name))):
            return host
    match = _MENTIONED.search(leaf.text)
    return match[0].lower() if match else ""
