"""# Loopback address in production

A production target would use `localhost`, `127.0.0.1`, `[::1]`, `host.docker.internal` or another name that always
means the machine itself; alone, in a URL, or inside a connection string.

**Why.** It is the address of a service on the developer's machine. In production it reaches nothing, or whatever
happens to listen there.

**Fix.** Set the real address in the production environment's file.

**Exceptions.** An address to listen on (`0.0.0.0`, `::`), lists of what goes around a proxy (`no_proxy`), lists of who is
trusted or allowed, networks such as `127.0.0.0/8`, texts for people, and documents of several lines are none of these. A sidecar or
mesh proxy that does listen on loopback is suppressed with a reason:
`host: 127.0.0.1  # terrace: ignore[LEAK010] the proxy runs as a sidecar`
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
            "environments/development/app.yaml": "server:\n  public_url: http://localhost:1\ndatabase:\n  host: 127.0.0.1\n"
        }
    ),
    Example({"environments/base/app.yaml": "server:\n  host: 0.0.0.0\n"}),
    Example({"environments/base/app.yaml": "database:\n  host: localhost\n"}),
    Example({"environments/base/app.yaml": "images:\n  renderer: localhosting.internal/r:1\n"}),
    Example(
        {
            "environments/base/app.yaml": """\
branding:
  labels:
    no_proxy: localhost,127.0.0.1,.internal
    trusted_proxies: 127.0.0.1
    networks: 127.0.0.0/8
    description: replaces what used to run on localhost
    version: 1.127.0.1
    cluster: localhost-free
    script: |
      nc -z localhost 5432
      echo ready
"""
        }
    ),
)
BAD = (
    Example(
        {
            "environments/production/app.yaml": "server:\n  public_url: https://www.harbourkitchen.com\ndatabase:\n  host: localhost\n"
        },
        "environments/production/app.yaml:4",
        "database.host",
    ),
    Example(
        {"environments/base/app.yaml": "payments:\n  endpoint: http://127.0.0.1:9000/pay\n"},
        "environments/base/app.yaml:2",
        "payments.endpoint",
    ),
    Example(
        {"environments/base/app.yaml": "cors:\n  origins: [https://a.internal, 'http://[::1]:3000']\n"},
        "environments/base/app.yaml:2",
        "cors.origins[1]",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    dsn: app:pw@tcp(127.0.0.1:3306)/app\n"},
        "environments/base/app.yaml:3",
        "branding.labels.dsn",
    ),
)

_LOOPBACK = later(
    r"(?:^|[/@,;\s=\[(\"'|])"
    r"(?P<host>(?:[a-z0-9-]+\.)*localhost(?:\.localdomain)?|ip6-localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}"
    r"|(?:0{1,4}:){7}0{0,3}1|::1|(?:host|gateway)\.docker\.internal|host\.containers\.internal)"
    r"(?=\.?(?:$|[,;\s\]?#)\"'|]|:(?!:)|/(?!\d+\b)))",
    re.I,
)
_ALLOWING = word_set(
    "allow allowed allowlist bypass exclude excluded exempt ignore no non skip trust trusted whitelist"
)


@rule(
    "LEAK010", "loopback address in production", on="value", values=r"localhost|127\.|:0{0,3}1|\.(docker|containers)\."
)
def check(leaf: Leaf) -> Iterator[Hit]:
    """A value that is, or contains, an address of the machine itself."""
    match = _LOOPBACK.search(leaf.text)
    if (
        match
        and not is_prose(leaf.name)
        and not is_document(leaf.text)
        and not _ALLOWING.intersection(words(leaf.name))
    ):
        message = f"{dotted(leaf.pointer)} is {match['host']} in production"
        yield Hit(
            message, leaf.location, leaf.pointer, "Set the real address here, or in a stronger layer of production."
        )
