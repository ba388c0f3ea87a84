"""`terrace explain` of secrets: a mask and the file in which they are sealed, never the default or a value."""

from __future__ import annotations

import json

import pytest

from terrace import schemas
from tests.secrets.conftest import Shop

FILE = "environments/production/shop.secrets.yaml"


@pytest.fixture
def nullable(shop: Shop) -> Shop:
    """The shop with a secret that may be null, and is by default."""
    path = shop.folder / "schemas/shop.schema.json"
    contract = json.loads(path.read_text())
    contract["properties"]["key"] = {"type": ["string", "null"], "default": None, "x-terrace-secret": True}
    path.write_text(json.dumps(contract))
    schemas.write(shop.folder, check=False)
    return shop


def test_a_sealed_secret_that_may_be_null_is_not_null(nullable: Shop) -> None:
    assert "key = null" in nullable.run("explain", "shop", "key", "--env", "production").out
    nullable.set("key", "river-of-january")
    ran = nullable.run("explain", "shop", "key", "--env", "production")
    said = ran.out
    assert ran.code == 0, ran.err
    lines = [line.split() for line in said.splitlines()]
    assert lines == [
        ["key", "=", "********"],
        ["wins", "sealed", f"{FILE}:1:6"],
        ["shadowed", "default", "the", "contract", "null"],
    ]
    found = json.loads(nullable.run("explain", "shop", "key", "--env", "production", "--format", "json").out)
    value = found["values"][0]
    assert (value["value"], value["default"]) == ("********", False)
    assert value["sealed"] == {"path": FILE, "line": 1, "column": 6}


def test_a_sealed_secret_without_a_default_is_explained_with_its_section(shop: Shop) -> None:
    ran = shop.run("explain", "shop", "database.password", "--env", "production")
    assert "is a secret" in ran.err
    shop.set("database.password", "river-of-january")
    ran = shop.run("explain", "shop", "database", "--env", "production")
    assert ran.code == 0, ran.err
    said = ran.out
    assert "database.password = ********" in said
    assert f"sealed  {FILE}:2:15" in said
    assert "database.host = db.internal" in said
    assert "river" not in said
    # Where an environment extends the one that seals it, the same file is named.
    assert FILE in shop.run("explain", "shop", "database.password", "--env", "production-eu").out
