"""Which secrets are easy to guess, and which are not judged as passwords at all."""

from __future__ import annotations

import base64
import random
import string

import pytest

from terrace import load
from terrace.model.secret import Secret
from terrace.model.service import Field
from terrace.model.source import Pointer, parse_path
from terrace.validate.examples import source_of
from terrace.validate.opened import OpenedSecret
from terrace.validate.places import layer_file
from terrace.validate.rule import Example
from terrace.validate.strength import is_distinctive, placeholder, weakness

PATH = "environments/production/app.secrets.yaml"


def secret(value: str | int | bytes, path: str = "database.password", **schema: object) -> OpenedSecret:
    repository = load.load(source_of(Example({})))
    pointer: Pointer = parse_path(path)
    field = Field(pointer, {"type": "string", **schema}, nullable=False, parent=None)
    file = layer_file(repository.files.secrets[PATH], repository, None)
    return OpenedSecret(Secret(value), pointer, field, file, repository.environments["production"])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("supersecret", "is a default that everybody knows"),
        ("HUNTER2", "is a default that everybody knows"),
        ("Database_Password", "is nothing but a name that is known"),
        ("production", "is nothing but a name that is known"),
        ("appPassword", "is nothing but a name that is known"),
        ("x7Gq", "has fewer than 8 characters"),
        ("liverpool1", "is a common password"),
        ("trustno1trustno1", "repeats itself"),
        ("0000000000000000", "repeats itself"),
        ("abcdefghijklmnopq", "is a row of characters"),
        ("14.03.1987", "is little more than a date"),
        ("superman1234", "is easy to guess"),
        ("football", "is a common password"),
        ("production1", "is easy to guess"),
        ("postgres://app:hunter2@db.internal/app", "is a default that everybody knows"),
        ("postgres://app:foot%62all@db.internal/app", "is a common password"),
        ("host=db.internal user=app password=x7Gq dbname=app", "has fewer than 8 characters"),
        (" hunter2\n", "is a default that everybody knows"),
    ],
)
def test_weak_secret_is_found_with_its_reason(value: str, why: str) -> None:
    assert weakness(secret(value)) == why


@pytest.mark.parametrize(
    "value",
    [
        "vRk8-qw2x-0Pd7",
        "correct horse battery staple",
        "https://hooks.internal/T0/B1",
        "postgres://app:vRk8-qw2x-0Pd7@db.internal/app",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        '{"type": "service_account"}',
        "",
    ],
)
def test_good_secret_and_what_is_no_password_are_left_alone(value: str) -> None:
    assert weakness(secret(value)) == ""
    assert placeholder(secret(value)) == ""


def test_random_secrets_of_twelve_characters_are_never_weak() -> None:
    chosen = random.Random(4417)
    for alphabet in (string.ascii_lowercase + string.digits, string.hexdigits.lower()[:16], string.printable[:94]):
        for length in (12, 20, 32, 64):
            for _ in range(40):
                text = "".join(chosen.choices(alphabet, k=length))
                assert not weakness(secret(text)), text
                assert not placeholder(secret(text)), text
    for _ in range(40):
        assert not weakness(secret(base64.b64encode(chosen.randbytes(24)).decode()))


@pytest.mark.parametrize("path", ["database.user", "mail.loginName", "storage.access_key_id", "login.previous_until"])
def test_names_beside_a_password_are_not_judged(path: str) -> None:
    assert weakness(secret("admin", path)) == ""
    assert not is_distinctive(secret("a-user-with-a-long-name", path))


def test_field_that_its_contract_keeps_short_or_lists_may_be_so() -> None:
    assert weakness(secret("4417", maxLength=6)) == ""
    assert weakness(secret("short", enum=["short", "long"])) == ""
    assert weakness(secret("x7Gq", format="password")) != ""


@pytest.mark.parametrize(
    "value", ["changeme", "postgres://app:CHANGE-ME@db/app", "your-api-key", "TODO", "<the-token>"]
)
def test_placeholder_is_no_weak_secret_too(value: str) -> None:
    assert placeholder(secret(value))
    assert weakness(secret(value)) == ""


@pytest.mark.parametrize("value", [48151623, b"\xff\xfe01234567", "short", "abababababab", "changeme", "liverpool1"])
def test_value_that_may_be_the_same_by_chance_is_not_distinctive(value: str | int | bytes) -> None:
    assert not is_distinctive(secret(value))
    assert is_distinctive(secret("vRk8-qw2x-0Pd7"))
