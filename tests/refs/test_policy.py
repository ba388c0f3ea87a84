"""Which places references may name: per environment, and for tenants."""

from __future__ import annotations

import pytest

from terrace.model.entities import Environment
from terrace.model.reference import Reference, parse
from terrace.model.source import Document
from terrace.refs import Policy, policy_of

POLICY = Policy(
    "production",
    protected=True,
    grants=("vault://secret/data/production/", "awssecrets://shared", "env://", "vault://secret/data/t/{tenant}/"),
)


def ref(text: str) -> Reference:
    found = parse(text)
    assert isinstance(found, Reference)
    return found


@pytest.mark.parametrize(
    "text", ["ref+vault://secret/data/production/db#/a", "ref+awssecrets://shared?region=eu-west-1#/a"]
)
def test_what_is_listed_may_be_named(text: str) -> None:
    assert POLICY.refuses(ref(text)) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ref+vault://secret/data/production#/a", "production may not name this place in vault"),
        ("ref+vault://secret/data/production-old/db#/a", "production may not name this place in vault"),
        ("ref+awssecrets://shared/more", "production may not name this place in awssecrets"),
        ("ref+vault://secret/data/t/acme/db#/a", "production may not name this place in vault"),
        ("ref+awsssm://a", "production may name only awssecrets, env, vault, and not awsssm"),
        ("ref+env://NAME", "production is protected"),
    ],
)
def test_everything_else_is_refused_with_the_reason(text: str, why: str) -> None:
    assert POLICY.refuses(ref(text)).startswith(why)


def test_a_tenant_has_its_own_places_and_no_others() -> None:
    own = ref("ref+vault://secret/data/t/acme/db#/a")
    assert POLICY.refuses(own, tenant="acme") == ""
    assert POLICY.refuses(own, tenant="other").startswith("tenant other in production may not name this place")
    assert POLICY.refuses(ref("ref+vault://secret/data/production/db#/a"), tenant="acme")
    nothing = Policy("staging", grants=("vault://secret/",))
    assert nothing.refuses(own, tenant="acme") == "tenant acme in staging may name no store, and not vault"


@pytest.mark.parametrize("text", ["ref+env://NAME", "ref+file://a"])
def test_a_server_never_reads_files_or_variables(text: str) -> None:
    policy = Policy("development", grants=("env://", "file://a"))
    assert policy.refuses(ref(text)) == ""
    assert "never resolved on a server" in policy.refuses(ref(text), server=True)


def environment(name: str, listed: object, *, extends: str = "", protected: bool = False) -> Environment:
    document = Document(f"environments/{name}/environment.yaml", "", {"references": listed}, lambda _: {})
    return Environment(name, "production", extends=extends, protected=protected, document=document)


def test_an_environment_has_what_it_extends_too() -> None:
    environments = {
        "production": environment("production", ["vault://a/"], protected=True),
        "eu": environment("eu", ["vault://b/", "ftp://x", 7], extends="production"),
        "bare": Environment("bare", "test"),
    }
    assert policy_of(environments, "eu") == Policy("eu", True, ("vault://b/", "vault://a/"))
    assert policy_of(environments, "bare") == Policy("bare")
    assert policy_of({"x": environment("x", "vault://a/", extends="x")}, "x") == Policy("x")
