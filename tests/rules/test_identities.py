"""What a value names in the world, and where the fields of a contract stand in a configuration."""

from __future__ import annotations

import pytest

from terrace.validate.identities import identity, places, value_at


@pytest.mark.parametrize(
    ("kind", "value", "name"),
    [
        ("host", "DB.Internal.", "db.internal"),
        ("host", "db.internal:5432", "db.internal"),
        ("host", "10.0.0.7", "10.0.0.7"),
        ("url", "https://user@Shop.com:8443/a?b=c", "shop.com"),
        ("url", "postgresql://db.internal/app", "db.internal"),
        ("url", "http://[fd00::7]:80/", "fd00::7"),
        ("email", " Help@Acme.com ", "help@acme.com"),
        ("bucket", "hk-Media", "hk-Media"),
    ],
)
def test_same_thing_has_one_name(kind: str, value: str, name: str) -> None:
    found = identity(kind, value)
    assert found
    assert found.name == name


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("host", "localhost"),
        ("url", "http://127.0.0.1:8080"),
        ("host", "0.0.0.0"),
        ("host", "::"),
        ("host", ""),
        ("url", "not a url"),
        ("email", " "),
    ],
)
def test_what_names_nothing_is_not_compared(kind: str, value: str) -> None:
    assert identity(kind, value) is None


def test_url_and_host_name_the_same_thing() -> None:
    assert identity("url", "https://db.internal/x") == identity("host", "db.internal")


def test_star_is_any_key_and_number_any_item() -> None:
    values = {"queues": {"mail": {"hosts": ["a", "b"]}, "sms": {"hosts": ["c"]}, "fax": 1}}
    found = dict(places(("queues", "*", "hosts", 0), values))
    assert found == {
        ("queues", "mail", "hosts", 0): "a",
        ("queues", "mail", "hosts", 1): "b",
        ("queues", "sms", "hosts", 0): "c",
    }


def test_value_at_a_place_is_that_item_alone() -> None:
    assert value_at(("hosts", 1), {"hosts": ["a", "b"]}) == "b"
    assert value_at(("hosts", 2), {"hosts": ["a", "b"]}) is None
    assert value_at(("hosts", "x"), {"hosts": "a"}) is None
