"""# Unencrypted connection to the world

A production target would talk to a public host through `http://`, `ws://` or `ftp://`.

**Why.** Everyone on the way can read and change what is said: passwords, tokens, customers' orders.

**Fix.** Use `https://`, `wss://` or `sftp://`.

**Exceptions.** Plain http inside one's own network is normal and silent: private and link-local addresses, names of one
label, `*.svc`, `*.cluster.local`, `*.internal`, `.local`, `.lan`, and names below no public top-level domain. So are
names that only look like addresses (XML namespaces, JSON Schema dialects, claims), proxies, which forward what is encrypted, revocation lists and OCSP, which are
signed, and reserved example domains, for which LEAK011 speaks.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Severity
from terrace.model.source import dotted
from terrace.validate.hosts import is_below, is_public, urls
from terrace.validate.rule import Example, Hit, Leaf, rule
from terrace.validate.words import is_document, is_prose, keys, word_set, words

GOOD = (
    Example(
        {
            "environments/development/app.yaml": "server:\n  public_url: http://shop.harbourkitchen.com\ndatabase:\n  host: d\n"
        }
    ),
    Example(
        {
            "environments/base/app.yaml": """\
branding:
  labels:
    otlp: http://otel.observability.svc.cluster.local:4317
    search: http://search.svc.dc1.acme.net:9200
    metadata: http://169.254.169.254/latest
    render: http://renderer:8080
    vault: http://vault.internal
    cache: http://10.2.3.4/ http://[fd00::1]:80 http://100.64.1.2
    nas: http://nas.lan/share
    own: http://search.acmecorp/
    template: http://${HOST}.harbourkitchen.com
    xmlns: http://www.w3.org/2001/XMLSchema
    email_claim: http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress
    crl: http://crl.harbourkitchen.com/ca.crl
    password_type: http://docs.oasis-open.org/wss/username-token-profile#PasswordText
    https_proxy: http://proxy.harbourkitchen.com:3128
    dashboard: '{"link": "http://wiki.harbourkitchen.com"}'
    help: see http://wiki.harbourkitchen.com
"""
        }
    ),
)
BAD = (
    Example(
        {"environments/base/app.yaml": "payments:\n  endpoint: http://api.payments.com/v1\n"},
        "environments/base/app.yaml:2",
        "payments.endpoint",
    ),
    Example(
        {"environments/base/app.yaml": "cors:\n  origins: ['ws://live.harbourkitchen.com']\n"},
        "environments/base/app.yaml:2",
        "cors.origins[0]",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    upload: ftp://user@8.8.8.8/in\n"},
        "environments/base/app.yaml:3",
        "branding.labels.upload",
    ),
)

_SAFER = {"http": "https", "ws": "wss", "ftp": "sftp"}
_NAMES_ONLY = (
    "w3.org", "xmlsoap.org", "json-schema.org", "purl.org", "schema.org", "schemas.android.com",
    "schemas.microsoft.com", "schemas.openxmlformats.org", "xmlns.com", "ns.adobe.com", "docs.oasis-open.org", "opensource.org",
)  # fmt: skip
_RESERVED = ("example.com", "example.net", "example.org")
_PROXY = word_set("proxies proxy")
_NAMING = word_set("aia claim claims crl namespace namespaces ns ocsp schema xmlns")


@rule(
    "LEAK012", "unencrypted connection to the world", on="value", severity=Severity.WARNING, values=r"(http|ws|ftp)://"
)
def check(leaf: Leaf) -> Iterator[Hit]:
    """A URL without encryption whose host is out in the world."""
    if is_prose(leaf.name) or is_document(leaf.text) or _is_spared(leaf):
        return
    for url in urls(leaf.text):
        if url.scheme in _SAFER and is_public(url.host) and not _is_a_name(url.host):
            message = f"{dotted(leaf.pointer)} talks to {url.host} through plain {url.scheme} in production"
            yield Hit(message, leaf.location, leaf.pointer, f"Use {_SAFER[url.scheme]}://.")
            return


def _is_spared(leaf: Leaf) -> bool:
    """Whether the key says that the URL is a name only, or a proxy's, which is spoken to without encryption."""
    around = {word for key in keys(leaf.pointer)[-2:] for word in words(key)}
    return bool(_NAMING.intersection(words(leaf.name)) or _PROXY & around)


def _is_a_name(host: str) -> bool:
    """Whether nobody connects to the host for its content, or somebody else speaks for it."""
    return is_below(host, *_NAMES_ONLY, *_RESERVED) or host.startswith(("ocsp.", "crl.", "schemas."))
