"""The rules that know development values by their pattern: what they must find, and what only tempts them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.model.source import Location, Pointer
from terrace.validate.registry import rules
from terrace.validate.rule import Hit, Leaf
from terrace.validate.scan import Scan
from terrace.validate.words import word_set

PATTERNS = [rule for rule in rules() if rule.on == "value" and rule.code.startswith("LEAK")]
BY_CODE = {rule.code: rule for rule in PATTERNS}


def leaf(path: str, value: Any, **beside: Any) -> Leaf:
    """A leaf at a dotted path, with others beside it."""
    pointer: Pointer = tuple(path.split("."))
    values: dict[str, Any] = {pointer[-1]: value, **beside}
    for part in reversed(pointer[:-1]):
        values = {str(part): values}
    return Leaf(value, pointer, None, lambda _: Location("app.yaml"), values)


def hits(code: str, path: str, value: Any, **beside: Any) -> list[Hit]:
    """What a rule finds in a leaf."""
    return list(BY_CODE[code].check(leaf(path, value, **beside)))


FOUND = [
    ("LEAK010", "redis.host", "localhost"),
    ("LEAK010", "db.url", "jdbc:postgresql://LOCALHOST:5432/app"),
    ("LEAK010", "db.dsn", "app:pw@tcp(127.0.0.1:3306)/app"),
    ("LEAK010", "brokers", "kafka.internal:9092,127.0.0.1:9092"),
    ("LEAK010", "url", "http://[::1]:3000"),
    ("LEAK010", "host", "0:0:0:0:0:0:0:1"),
    ("LEAK010", "url", "http://host.docker.internal:8025"),
    ("LEAK010", "url", "http://shop.localhost:3000"),
    ("LEAK010", "opts", "-Dhost=localhost -Xmx1g"),
    ("LEAK011", "from", "Shop <orders@example.org>"),
    ("LEAK011", "cookie_domain", ".acme.example"),
    ("LEAK011", "host", "db.test"),
    ("LEAK011", "endpoint", "https://api.acme.invalid/v1"),
    ("LEAK012", "endpoint", "http://api.payments.com"),
    ("LEAK012", "endpoint", "HTTP://Api.Payments.COM:8080/x"),
    ("LEAK012", "feed", "ftp://files.partner.co.uk/in"),
    ("LEAK012", "socket", "ws://8.8.8.8/live"),
    ("LEAK013", "http.verify", False),
    ("LEAK013", "kafka.ssl_verify", "none"),
    ("LEAK013", "client.rejectUnauthorized", False),
    ("LEAK013", "NODE_TLS_REJECT_UNAUTHORIZED", "0"),
    ("LEAK013", "tls.insecureSkipVerify", True),
    ("LEAK013", "allowSelfSignedCertificates", "yes"),
    ("LEAK013", "disable_certificate_validation", True),
    ("LEAK013", "database.sslmode", "disable"),
    ("LEAK013", "database.tls", "disable"),
    ("LEAK013", "url", "postgresql://db.internal/app?sslmode=disable"),
    ("LEAK013", "url", "mongodb://db.internal/?tlsAllowInvalidCertificates=true"),
    ("LEAK014", "server.debug", True),
    ("LEAK014", "DEBUG", "*"),
    ("LEAK014", "FLASK_ENV", "development"),
    ("LEAK014", "flaskDebug", 1),
    ("LEAK014", "pprof.enabled", True),
    ("LEAK014", "database.echo", True),
    ("LEAK014", "sqlalchemy_echo_sql", "true"),
    ("LEAK014", "dev_mode", True),
    ("LEAK014", "hot_reload", "on"),
    ("LEAK014", "args", "--debug"),
    ("LEAK015", "logging.level", "debug"),
    ("LEAK015", "LOG_LEVEL", "Trace"),
    ("LEAK015", "logging.level.root", "DEBUG"),
    ("LEAK015", "RUST_LOG", "trace,hyper=info"),
    ("LEAK015", "log_level", "all"),
    ("LEAK016", "cors.origins", "*"),
    ("LEAK016", "cors.allowed_hosts", "*"),
    ("LEAK016", "allowedOriginPatterns", "^https?://.*$"),
    ("LEAK016", "nginx.ingress.kubernetes.io/cors-allow-origin", "*"),
    ("LEAK017", "stripe.secret_key", "sk_" + "test_HarbourKitchen1"),
    ("LEAK017", "stripe.restricted", "rk_" + "test_HarbourKitchen1"),
    ("LEAK017", "razorpay.id", "rzp_" + "test_HarbourKitchen1"),
    ("LEAK017", "paypal.url", "https://api-m.sandbox.paypal.com"),
    ("LEAK017", "square.url", "https://connect.squareupsandbox.com"),
    ("LEAK017", "adyen.url", "https://checkout-test.adyen.com/v70"),
    ("LEAK017", "mollie.key", "test_" + "a1B2" * 8),
    ("LEAK017", "payments.mode", "test"),
    ("LEAK018", "db.password", "postgres"),
    ("LEAK018", "db.password", "123456"),
    ("LEAK018", "api_key", "your-api-key"),
    ("LEAK018", "name", "TODO: ask the team"),
    ("LEAK018", "phone", "xxxxx"),
    ("LEAK018", "region", "<region name>"),
    ("LEAK018", "url", "https://<your-domain>/login"),
    ("LEAK018", "url", "postgres://app:password@db.internal/app"),
    ("LEAK018", "text_block", "Lorem ipsum dolor sit amet"),
    ("LEAK018", "session_secret", "please-change-me"),
    ("LEAK019", "image", "registry.internal/shop/api:latest"),
    ("LEAK019", "image.tag", "latest"),
    ("LEAK019", "image.tag", "main"),
    ("LEAK019", "sidecar.image", "shop/api"),
    ("LEAK020", "host", "${DB_HOST}"),
    ("LEAK020", "url", "https://${HOST:-shop}/"),
    ("LEAK020", "host", "{{ .Values.host }}"),
    ("LEAK020", "host", "@DB_HOST@"),
]

SILENT = [
    ("LEAK010", "host", "localhosting.com"),
    ("LEAK010", "host", "my-localhost-proxy.internal"),
    ("LEAK010", "bind", "0.0.0.0"),
    ("LEAK010", "bind", "::"),
    ("LEAK010", "NO_PROXY", "localhost,127.0.0.1"),
    ("LEAK010", "trusted_proxies", "127.0.0.1"),
    ("LEAK010", "networks", "127.0.0.0/8"),
    ("LEAK010", "version", "2.127.0.1"),
    ("LEAK010", "address", "2001:db8::1"),
    ("LEAK010", "description", "was on localhost before"),
    ("LEAK010", "script", "nc -z localhost 80\necho ready"),
    ("LEAK011", "host", "my-example.com"),
    ("LEAK011", "host", "example.company"),
    ("LEAK011", "class", "com.acme.test"),
    ("LEAK011", "file", "settings.example"),
    ("LEAK011", "path", "/srv/example.com.old/x"),
    ("LEAK012", "url", "http://10.0.0.8:9200"),
    ("LEAK012", "url", "http://[fd12::8]:9200"),
    ("LEAK012", "url", "http://search.prod.svc:9200"),
    ("LEAK012", "url", "http://search.svc.dc1.acme.net"),
    ("LEAK012", "url", "http://search.acmecorp"),
    ("LEAK012", "url", "http://nas.lan/"),
    ("LEAK012", "url", "http://${HOST}.acme.com"),
    ("LEAK012", "HTTPS_PROXY", "http://proxy.acme.com:3128"),
    ("LEAK012", "proxies.https", "http://proxy.acme.com:3128"),
    ("LEAK012", "type", "http://www.w3.org/2001/XMLSchema"),
    ("LEAK012", "crl_url", "http://pki.acme.com/ca.crl"),
    ("LEAK012", "url", "https://www.acme.com/?next=http"),
    ("LEAK013", "signature.verify", False),
    ("LEAK013", "email_verification", False),
    ("LEAK013", "cache.tls", False),
    ("LEAK013", "disable_tls", True),
    ("LEAK013", "tls_verify", True),
    ("LEAK013", "disable_peer_discovery", True),
    ("LEAK013", "url", "postgres://db.internal/app?sslmode=verify-full"),
    ("LEAK014", "debug", False),
    ("LEAK014", "debug_port", 1),
    ("LEAK014", "no_debug", True),
    ("LEAK014", "developer", True),
    ("LEAK014", "dev", True),
    ("LEAK014", "profiling.enabled", True),
    ("LEAK014", "reload", True),
    ("LEAK014", "server.echo", True),
    ("LEAK014", "environment", "production"),
    ("LEAK015", "compression.level", "all"),
    ("LEAK015", "mode", "debug"),
    ("LEAK015", "RUST_LOG", "info,hyper=debug"),
    ("LEAK015", "level_of_detail", "verbose"),
    ("LEAK016", "cors.origins", "https://*.acme.com"),
    ("LEAK016", "cors.headers", "*"),
    ("LEAK016", "paths", "*"),
    ("LEAK017", "table", "pk_test"),
    ("LEAK017", "mode", "test"),
    ("LEAK017", "stripe.key", "sk_" + "live_HarbourKitchen1"),
    ("LEAK017", "suite", "task_test_orders123"),
    ("LEAK018", "user", "admin"),
    ("LEAK018", "database", "test"),
    ("LEAK018", "password_file", "/run/secrets/password"),
    ("LEAK018", "secret_name", "password"),
    ("LEAK018", "passwordKey", "password"),
    ("LEAK018", "db.password", "ref+vault://shop/db#/password"),
    ("LEAK018", "currency", "XXX"),
    ("LEAK018", "host", "your-kitchen.acme.com"),
    ("LEAK018", "from", "<orders@acme.com>"),
    ("LEAK018", "list", "todo"),
    ("LEAK018", "todo_app", "Todos of the kitchen"),
    ("LEAK019", "image", "registry.internal:5000/shop/api:3.1"),
    ("LEAK019", "image", "shop/api@sha256:0f1e"),
    ("LEAK019", "logo_image", "tenants/acme/logo.png"),
    ("LEAK019", "image_repository", "shop/api"),
    ("LEAK019", "release", "latest"),
    ("LEAK019", "branch", "main"),
    ("LEAK020", "log_format", "${TIME} ${MESSAGE}"),
    ("LEAK020", "greeting", "Hello ${customer}"),
    ("LEAK020", "greeting", "Hello {{ name }}!"),
    ("LEAK020", "price", "$5"),
]


@pytest.mark.parametrize(("code", "path", "value"), FOUND)
def test_development_value_is_found(code: str, path: str, value: Any) -> None:
    assert len(hits(code, path, value)) == 1


@pytest.mark.parametrize(("code", "path", "value"), SILENT)
def test_tempting_value_is_let_alone(code: str, path: str, value: Any) -> None:
    assert hits(code, path, value) == []


def test_image_whose_version_stands_beside_it_is_tagged() -> None:
    assert hits("LEAK019", "renderer.image", "shop/renderer")
    assert not hits("LEAK019", "renderer.image", "shop/renderer", version="3.1")
    assert not hits("LEAK019", "renderer.image", "shop/renderer", imageTag="3.1")


@pytest.mark.parametrize(
    ("code", "path", "value"),
    [
        ("LEAK017", "stripe.key", "sk_" + "test_HarbourKitchen1"),
        ("LEAK018", "db.password", "letmein"),
        ("LEAK018", "url", "amqp://app:guest@mq.internal/"),
        ("LEAK012", "url", "http://app:letmein@api.acme.com/"),
        ("LEAK011", "url", "https://app:letmein@example.com/"),
        ("LEAK010", "url", "https://app:letmein@localhost/"),
        ("LEAK013", "url", "postgres://app:letmein@db.internal/?sslmode=disable"),
        ("LEAK020", "url", "https://app:letmein@${HOST}/"),
    ],
)
def test_message_never_repeats_a_credential(code: str, path: str, value: str) -> None:
    (hit,) = hits(code, path, value)
    said = hit.message + hit.hint
    assert not re.search("HarbourKitchen1|letmein|guest", said)


# A rule's coarse patterns decide which leaves it sees at all: they must let through whatever it would report.


SCAN = Scan(PATTERNS)


def _disagreements(one: Leaf) -> Iterator[str]:
    seen = {rule.code for rule, _, _ in SCAN.leaves({one.name: one.value})}
    for rule in PATTERNS:
        if rule.code not in seen and list(rule.check(one)):
            yield rule.code


def test_coarse_patterns_let_through_every_combination_of_known_keys_and_values() -> None:
    paths = {path for _, path, _ in FOUND + SILENT}
    values = {(type(value), value) for _, _, value in FOUND + SILENT}
    for path, (_, value) in product(sorted(paths), sorted(values, key=repr)):
        assert list(_disagreements(leaf(path, value))) == []


KEY_WORDS = word_set(
    "a allow api base ca cert cors db debug dev enabled env image insecure key level log mode no node origin"
    " password payment pprof secret skip sql ssl stripe tag tls token url verify"
)
KEYS = st.lists(st.sampled_from(sorted(KEY_WORDS)), min_size=1, max_size=4).map("_".join)
PIECES = word_set(
    "localhost 127.0.0.1 ::1 example .test .com .invalid http:// https:// ws:// ftp:// @ : / . - _ , * .* ^ $"
    " < > your TODO change me xxx true false 0 1 off none debug trace dev latest main sk_ test_ sandbox paypal"
    " sslmode= disable verify password guest admin acme svc x 8 % = ( ) [ ] ${A} {{ }}"
)
TEXT_PIECES = st.sampled_from([*sorted(PIECES), " ", "\n", "\t", "\x1f"])
TEXTS = st.one_of(st.lists(TEXT_PIECES, max_size=6).map("".join), st.text(max_size=12))
SCALARS = st.one_of(TEXTS, st.booleans(), st.integers(-1, 2), st.floats(0, 1))


@given(st.lists(KEYS, min_size=1, max_size=3), SCALARS)
def test_coarse_patterns_let_through_whatever_a_rule_reports(path: list[str], value: Any) -> None:
    assert list(_disagreements(leaf(".".join(path), value))) == []


@given(st.text(max_size=400))
def test_no_text_makes_a_rule_fail(text: str) -> None:
    for rule in PATTERNS:
        list(rule.check(leaf("payments.password_url", text)))
