"""What is a reference, what was meant to be one, and what is other text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.model.reference import Malformed, Reference, is_reference, parse

GOOD = {
    "ref+vault://secret/data/production/db#/password": Reference(
        "vault", "secret/data/production/db", (), ("password",)
    ),
    "ref+vault://kv/db?version=3#/a/b": Reference("vault", "kv/db", (("version", "3"),), ("a", "b")),
    "ref+awssecrets://production/db": Reference("awssecrets", "production/db"),
    "ref+awssecrets://production/db?region=eu-west-1#/password": Reference(
        "awssecrets", "production/db", (("region", "eu-west-1"),), ("password",)
    ),
    "ref+awssecrets://arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf": Reference(
        "awssecrets", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"
    ),
    "ref+awsssm://production/db/password": Reference("awsssm", "production/db/password"),
    "ref+awsssm://production/db?mode=singleparam#/a": Reference(
        "awsssm", "production/db", (("mode", "singleparam"),), ("a",)
    ),
    "ref+file://secrets/db.yaml#/password": Reference("file", "secrets/db.yaml", (), ("password",)),
    "ref+file:///run/secrets/db": Reference("file", "/run/secrets/db"),
    "ref+env://DB_PASSWORD": Reference("env", "DB_PASSWORD"),
}


@pytest.mark.parametrize(("text", "reference"), GOOD.items())
def test_a_reference_is_read_and_written_the_same(text: str, reference: Reference) -> None:
    assert parse(text) == reference
    assert str(reference) == text
    assert is_reference(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ref+valt://secret/data/db#/password", "store that is not known"),
        ("ref+://secret", "store that is not known"),
        ("ref+vault://secret/data/db", "names no key"),
        ("ref+vault://secret/data/db#password", "does not begin with '#/'"),
        ("ref+vault://secret/data/db#/", "is empty"),
        ("ref+vault://secret/data/db#", "is empty"),
        ("ref+vault://secret/data/db#/a//b", "is empty"),
        ("ref+vault:///secret/data/db#/a", "path is not well formed"),
        ("ref+vault://secret//db#/a", "path is not well formed"),
        ("ref+vault://secret/db/#/a", "path is not well formed"),
        ("ref+vault://secret/%2e%2e/db#/a", "path is not well formed"),
        ("ref+vault://secret/../db#/a", "has '.' or '..' in it"),
        ("ref+file://../../etc/shadow", "has '.' or '..' in it"),
        ("ref+vault://#/a", "path is not well formed"),
        ("ref+vault://secret/a b#/a", "path is not well formed"),
        ("ref+vault://secret/db\n#/a", "path is not well formed"),
        ("ref+vault://secret/db?address=https://example.net#/a", "may not say address"),
        ("ref+vault://secret/db?token_env=AWS_SECRET#/a", "may not say token_env"),
        ("ref+awssecrets://db?role_arn=arn:aws:iam::1:role/x", "may not say role_arn"),
        ("ref+awssecrets://db?color=red", "parameter that is not known"),
        ("ref+awssecrets://db?region=a&region=b", "parameter region is not well formed"),
        ("ref+awssecrets://db?region=", "parameter region is not well formed"),
        ("ref+awsssm://db#/a", "would be another parameter"),
        ("ref+awsssm://db?mode=other#/a", "parameter mode is not well formed"),
        ("ref+env://not-a-name", "names no environment variable"),
        ("ref+env://NAME#/a", "has no keys inside"),
        ("ref+vault://secret/db#/a+", "ends with '+'"),
        ("postgres://ref+vault://secret/db#/a", "inside of other text"),
        ("user ref+env://NAME", "inside of other text"),
        ("secretref+awssecrets://db", "inside of other text"),
    ],
)
def test_what_was_meant_as_a_reference_says_why_it_is_none(text: str, problem: str) -> None:
    found = parse(text)
    assert isinstance(found, Malformed)
    assert problem in found.problem
    assert found.hint


@pytest.mark.parametrize("text", ["", "hunter2", "ref", "ref+erence", "see ref+other://x", "https://ref.example.net"])
def test_other_text_is_no_reference(text: str) -> None:
    assert parse(text) is None
    assert not is_reference(text)


@given(st.text(alphabet="ref+vault:/?#&=.a1 \n%\\", max_size=40).map(lambda text: f"ref+{text}"))
def test_whatever_is_read_as_a_reference_is_safe_and_reads_the_same_again(text: str) -> None:
    found = parse(text)
    if isinstance(found, Reference):
        assert is_reference(text)
        assert parse(str(found)) == found
        assert not {".", "..", ""} & set(found.path.removeprefix("/").split("/"))
