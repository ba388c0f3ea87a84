"""`terrace secrets eso`: manifests of a target's references, and what is said where there can be none."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.secrets.conftest import Shop

PRODUCTION = "database: {password: 'ref+vault://secret/data/production/db#/password'}\n"


@pytest.fixture
def named(shop: Shop) -> Shop:
    """Production names its password, acme its own in production."""
    folder = shop.folder
    (folder / "environments/production/shop.yaml").write_text(PRODUCTION)
    (folder / "tenants/acme/production").mkdir(parents=True, exist_ok=True)
    (folder / "tenants/acme/production/shop.yaml").write_text(
        "mail: {sender: a@b.example, token: 'ref+awssecrets://acme?region=eu-west-1#/token'}\n"
    )
    return shop


def test_a_service_gets_one_manifest(named: Shop) -> None:
    ran = named.run("secrets", "eso", "--env", "production", "--namespace", "shop", "--refresh", "30m")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("# From the references of shop in production: terrace secrets eso. Do not edit.\n")
    made = yaml.safe_load(ran.out)
    assert made["metadata"] == {"name": "shop", "namespace": "shop"}
    assert made["spec"]["refreshInterval"] == "30m"
    remote = {"key": "secret/data/production/db", "property": "password"}
    assert made["spec"]["data"] == [{"secretKey": "database.password", "remoteRef": remote}]
    assert named.run("secrets", "eso", "shop", "--env", "production-eu").code == 0


def test_a_tenant_has_its_own_and_what_everybody_has(named: Shop) -> None:
    options = ["--cluster-store", "--store", "vault=company", "--store", "awssecrets-eu-west-1=aws"]
    ran = named.run("secrets", "eso", "shop", "--env", "production", "--tenant", "acme", *options)
    assert ran.code == 0, ran.err
    made = yaml.safe_load(ran.out)
    assert made["metadata"] == {"name": "shop-acme"}
    stores = {each["secretKey"]: each["sourceRef"]["storeRef"] for each in made["spec"]["data"]}
    assert stores == {
        "database.password": {"name": "company", "kind": "ClusterSecretStore"},
        "mail.token": {"name": "aws", "kind": "ClusterSecretStore"},
    }


def test_files_are_the_same_each_time(named: Shop, tmp_path: Path) -> None:
    out = tmp_path / "manifests"
    assert named.run("secrets", "eso", "--env", "production", "--out", str(out)).out == f"{out}/shop.yaml\n"
    first = (out / "shop.yaml").read_bytes()
    assert named.run("secrets", "eso", "--env", "production", "--out", str(out)).code == 0
    assert (out / "shop.yaml").read_bytes() == first
    assert [file.name for file in out.iterdir()] == ["shop.yaml"]


@pytest.mark.parametrize("text", ["ref+file://run/db", "ref+env://DB_PASSWORD"])
def test_what_no_cluster_can_fetch_is_told_with_its_place(shop: Shop, text: str) -> None:
    (shop.folder / "environments/staging/shop.yaml").write_text(f"database:\n  password: {text}\n")
    ran = shop.run("secrets", "eso", "--env", "staging")
    assert ran.code != 0
    assert f"environments/staging/shop.yaml:2:13: database.password: {text} cannot be fetched" in ran.err
    assert ran.out == ""


def test_nothing_to_fetch_is_said(shop: Shop) -> None:
    ran = shop.run("secrets", "eso", "--env", "staging")
    assert (ran.code, ran.out) == (2, "")
    assert "there are no references in staging" in ran.err


@pytest.mark.parametrize(
    "options",
    [("--refresh", "soon"), ("--store", "vault"), ("--store", "file=a"), ("--namespace", "a/b"), ("--env", "nope")],
)
def test_what_would_make_a_bad_manifest_is_wrong_use(named: Shop, options: tuple[str, ...]) -> None:
    ran = named.run("secrets", "eso", "--env", "production", *options)
    assert ran.code == 2
    assert ran.out == ""
