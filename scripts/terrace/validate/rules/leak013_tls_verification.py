"""# Certificates not verified in production

A production target would switch off the verification of TLS certificates: `verify_ssl: false`,
`insecure_skip_verify: true`, `sslmode=disable`, `NODE_TLS_REJECT_UNAUTHORIZED: "0"` and their like.

**Why.** Encryption without verification protects from nobody: whoever sits in the middle shows a certificate of their
own. It is switched off on laptops, for self-signed certificates, and forgotten.

**Fix.** Remove the setting. Where the certificate comes from your own authority, give its CA certificate instead.

**Exceptions.** A connection that does not leave the machine or its sidecars: suppress it with that reason. A plain
`tls: false` says that a connection is not encrypted, not that it pretends to be, and is not reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.later import later
from terrace.validate.rule import Example, Hit, Leaf, rule
from terrace.validate.words import is_prose, keys, word_set, words

GOOD = (
    Example(
        {
            "environments/development/app.yaml": "server:\n  public_url: http://d:1\ndatabase:\n  host: d\n  tls_verify: false\n"
        }
    ),
    Example(
        {
            "environments/base/app.yaml": """\
database:
  tls_verify: true
branding:
  labels:
    insecure_skip_verify: "false"
    NODE_TLS_REJECT_UNAUTHORIZED: "1"
    dsn: postgres://db.internal/app?sslmode=verify-full
    skip_verification_mail: "true"
    verify: "false"
    tls_disabled_ciphers: "true"
    disable_hostname_override: "true"
    skip_cert_creation: "true"
    skip_signature_validation: "true"
    disable_tls: "true"
"""
        }
    ),
)
BAD = (
    Example(
        {"environments/base/app.yaml": "database:\n  tls_verify: false\n"},
        "environments/base/app.yaml:2",
        "database.tls_verify",
    ),
    Example(
        {"environments/base/app.yaml": 'branding:\n  labels:\n    NODE_TLS_REJECT_UNAUTHORIZED: "0"\n'},
        "environments/base/app.yaml:3",
        "branding.labels.NODE_TLS_REJECT_UNAUTHORIZED",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    dsn: host=db.internal sslmode=disable\n"},
        "environments/base/app.yaml:3",
        "branding.labels.dsn",
    ),
    Example(
        {"environments/base/app.yaml": 'branding:\n  labels:\n    insecureSkipVerify: "true"\n'},
        "environments/base/app.yaml:3",
        "branding.labels.insecureSkipVerify",
    ),
)

_OFF = word_set("false 0 no off none disable disabled never cert_none ssl_verify_none verify_none")
_ON = word_set("true 1 yes on enable enabled always")
_TLS = word_set("ca cert certificate certificates certs hostname https peer ssl tls x509")
_VERIFY = word_set("check reqs validate validation verification verify")
_NOT = word_set("bypass disable disabled dont ignore insecure no off skip without")
_MODE_KEYS = frozenset([("sslmode",), ("ssl", "mode"), ("tls", "mode"), ("pgsslmode",), ("tls",), ("ssl",)])
_CONTEXT = _TLS | {"client", "connection", "http", "ldap", "ldaps", "proxy", "registry", "requests", "smtp", "vault"}

_SWITCHED_OFF = frozenset(
    tuple(key.split())
    for key in (
        "reject unauthorized", "strict ssl", "strict tls", "strict https", "pythonhttpsverify", "sslverify",
        "tlsverify", "verifyssl", "verifytls", "check server identity",
    )
)  # fmt: skip
_SWITCHED_ON = frozenset(
    tuple(key.split())
    for key in (
        "insecure skip verify", "skip verify", "insecure tls", "tls insecure", "insecure ssl", "ssl insecure",
        "allow insecure ssl", "allow insecure tls", "allow insecure https", "insecure skip tls", "ignore ssl",
        "ignore ssl errors", "ignore tls errors", "ignore certificate errors", "ignore cert errors",
        "trust server certificate", "trust all certificates", "trust all certs", "trust all", "accept invalid certs",
        "danger accept invalid certs", "accept any certificate", "allow self signed", "allow self signed certs",
        "allow self signed certificates", "allow invalid certificates", "tls allow invalid certificates",
        "tls allow invalid hostnames", "accept untrusted certs", "insecureskipverify",
    )
)  # fmt: skip
_IN_VALUE = later(
    r"\bssl_?mode=disabled?\b|\binsecure[-_]?skip[-_]?(?:tls[-_]?)?verify(?:=true)?(?![-_=\w])"
    r"|\b(?:ssl|tls)_?verify(?:_?peer|_?host(?:name)?)?=(?:false|0|no|off|none)\b|\bverify_?(?:ssl|tls|certs?|peer)=(?:false|0|no|off|none)\b"
    r"|\btrust_?server_?certificate=(?:true|yes)\b|\btls(?:insecure|allowinvalidcertificates|allowinvalidhostnames)=true\b"
    r"|\buse_?ssl=false\b|\bssl_cert_reqs=(?:none|cert_none)\b|\b(?:CERT_NONE|SSL_VERIFY_NONE|VERIFY_NONE)\b"
    r"|\bnode_tls_reject_unauthorized=0\b|\brejectUnauthorized[\"']?\s*[:=]\s*false\b",
    re.I,
)


@rule(
    "LEAK013",
    "certificates not verified in production",
    on="value",
    values=r"^\W*(false|0|no|off|none|disabled?|never|true|1|yes|on|enabled?|always)\W*$"
    r"|ssl|tls|insecure|trust_?server|verify|cert_none|reject_?unauthorized",
)
def check(leaf: Leaf) -> Iterator[Hit]:
    """A setting that turns the verification of certificates off, by its key and value or inside a value."""
    if is_prose(leaf.name):
        return
    match = _IN_VALUE.search(leaf.text)
    if match or _turns_off(leaf):
        how = f" ({match[0]})" if match else ""
        message = f"{dotted(leaf.pointer)} turns off the verification of certificates in production{how}"
        yield Hit(message, leaf.location, leaf.pointer, "Remove it; give the CA certificate where it is your own.")


def _turns_off(leaf: Leaf) -> bool:
    said = words(leaf.name)
    said = said[1:] if said[:1] in (("is",), ("node",)) else said
    value = leaf.text.strip().lower()
    plain = tuple(word for word in said if word not in ("enabled", "mode"))
    if value in _ON:
        return _ends(plain, _SWITCHED_ON) or _negates(frozenset(plain))
    if value not in _OFF:
        return False
    if said in _MODE_KEYS:
        return value in ("disable", "disabled")
    return _ends(plain, _SWITCHED_OFF) or _verifies(leaf, frozenset(plain))


def _ends(said: tuple[str, ...], known: frozenset[tuple[str, ...]]) -> bool:
    """Whether a key is one of the known ones, or ends in one of several words (`node_tls_reject_unauthorized`)."""
    return any(said[start:] in known and (start == 0 or len(said) - start > 1) for start in range(len(said)))


def _negates(said: frozenset[str]) -> bool:
    return bool(said & _NOT) and bool(said & _VERIFY) and bool(said & _TLS)


def _verifies(leaf: Leaf, said: frozenset[str]) -> bool:
    """Whether a key says that certificates are verified; `verify` alone needs a section that speaks of connections."""
    if said & _NOT or not said & _VERIFY:
        return False
    if said & _TLS:
        return True
    around = {word for key in keys(leaf.pointer)[:-1] for word in words(key)}
    return said <= _VERIFY and bool(around & _CONTEXT)
