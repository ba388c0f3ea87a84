"""# Any origin may call

A production target would let web pages of any origin call it: `*`, or a pattern that matches everything, in a list of
allowed origins.

**Why.** The list of origins is what keeps any page a customer has open from acting with that customer's session.

**Fix.** List the pages that are yours. A subdomain wildcard such as `https://*.harbourkitchen.com` is not reported.

**Exceptions.** A public, read-only API without cookies may well be for everyone: suppress it with that reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from terrace.model.findings import Severity
from terrace.model.source import dotted
from terrace.validate.later import later
from terrace.validate.rule import Example, Hit, Leaf, rule
from terrace.validate.words import keys, word_set, words

GOOD = (
    Example(
        {
            "environments/development/app.yaml": "server:\n  public_url: http://d:1\ndatabase:\n  host: d\ncors:\n  origins: ['*']\n"
        }
    ),
    Example({"environments/base/app.yaml": "cors:\n  origins: ['https://*.harbourkitchen.com']\n"}),
    Example(
        {
            "environments/base/app.yaml": """\
branding:
  labels:
    allowed_methods: "*"
    cors_allow_headers: "*"
    origin_path: "/*"
    paths: .*
"""
        }
    ),
)
BAD = (
    Example(
        {"environments/base/app.yaml": "cors:\n  origins: ['*']\n"}, "environments/base/app.yaml:2", "cors.origins[0]"
    ),
    Example(
        {"environments/base/app.yaml": "cors:\n  origins: ['https://.*']\n"},
        "environments/base/app.yaml:2",
        "cors.origins[0]",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    Access-Control-Allow-Origin: '*'\n"},
        "environments/base/app.yaml:3",
        "branding.labels.Access-Control-Allow-Origin",
    ),
)

_ANY = later(r"\s*(?:\^?(?:https?\??:(?://|\\/\\/))?(?:\*|\(?\.[*+]\)?)\$?(?::\*)?)\s*", re.I)
_ORIGINS = word_set("origin origins")
_HOSTS = word_set("allowed domains hosts patterns urls whitelist")


@rule("LEAK016", "any origin may call in production", on="value", severity=Severity.WARNING, values=r"[*+]")
def check(leaf: Leaf) -> Iterator[Hit]:
    """A list of origins that lets everyone in."""
    if any(_ANY.fullmatch(part) for part in leaf.text.split(",")) and _is_origins(leaf):
        message = f"{dotted(leaf.pointer)} lets pages of any origin call in production"
        yield Hit(message, leaf.location, leaf.pointer, "List the origins that are yours.")


def _is_origins(leaf: Leaf) -> bool:
    said = words(leaf.name)
    if _ORIGINS.intersection(said):
        return True
    around = {word for key in keys(leaf.pointer)[:-1] for word in words(key)}
    return ("cors" in around and bool(_HOSTS.intersection(said))) or said[-1:] == ("cors",)
