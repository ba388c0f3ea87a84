"""Rotation policies: what a contract and an environment may say, what comes of both, and `Rotating` fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from terrace.contract import Rotating, Rotation
from terrace.model.rotation import duration, is_rotating, overrides, policy_of, unit_of
from terrace.model.service import Contract
from terrace.schemas import contract_schema, export, problems

HEAD = """\
from typing import Annotated
from pydantic import BaseModel, Field, SecretStr
from terrace.contract import Rotating, Rotation, Secret, service

class Login(BaseModel):
    user: Annotated[str, Secret()]
    password: Annotated[SecretStr, Secret()]

class Config(BaseModel):
    model_config = {"json_schema_extra": service(tenancy="none", owner="shop", version="1")}
"""


def contract(folder: Path, fields: str) -> Path:
    (folder / "schemas").mkdir()
    (folder / "schemas/app.py").write_text(HEAD + "".join(f"    {line}\n" for line in fields.splitlines()))
    return folder


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("90d", timedelta(days=90)),
        ("2w", timedelta(weeks=2)),
        ("0d", None),
        ("90", None),
        ("1.5d", None),
        ("90d\n", None),
        (90, None),
    ],
)
def test_durations(text: object, means: timedelta | None) -> None:
    assert duration(text) == means


def test_an_environment_overrides_the_contract_keyword_by_keyword() -> None:
    said = Rotation(max_age="90d", overlap="24h", generate="password", hook=["tell"]).value
    root, own = ({"rotation": {"app.a.b": {"max_age": each}}} for each in ("60d", "30d"))
    policy = policy_of(said, *overrides([root, own, {}], "app", ("a", "b")))
    assert policy is not None
    assert policy == (timedelta(days=30), timedelta(hours=24), "password", {}, ("tell",))
    assert policy_of(None, *overrides([root], "app", ("a",))) is None


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("a: Annotated[str, Rotation(max_age='90d')]", "is no secret"),
        ("a: Annotated[SecretStr, Secret(), Rotation(max_age='90d', overlap='1d')]", "room for one value only"),
        ("a: Annotated[SecretStr, Secret(), Rotation(max_age='ninety days')]", "cannot have this max_age"),
        ("a: Annotated[SecretStr, Secret(), Rotation(generate='dice')]", "cannot have this generate"),
        ("a: Annotated[SecretStr, Secret(), Rotation(generate={'command': {'run': 'make it'}})]", "this generate"),
        ("a: Annotated[SecretStr, Secret(), Rotation(generate={'password': {'length': 4}})]", "this generate"),
        ("a: Annotated[SecretStr, Secret(), Rotation(hook=[''])]", "cannot have this hook.0"),
        ("a: Annotated[SecretStr, Field(max_length=8), Secret(), Rotation(generate='uuid')]", "with 36 characters"),
        ("a: Annotated[SecretStr, Field(min_length=65), Secret(), Rotation(generate='hex')]", "with 64 characters"),
        ("a: Annotated[int, Secret(), Rotation(generate='hex')]", "is no text"),
        ("a: Annotated[Login, Secret(), Rotation(max_age='90d')]", "is a section"),
        ("a: Annotated[Rotating[Login], Secret(), Rotation(generate='hex')]", "is a section, which hex cannot make"),
        (
            "a: Annotated[Rotating[str], Secret(), Rotation(generate={'login': {'users': ['x', 'y']}})]",
            "cannot hold a login",
        ),
        ("a: Annotated[Rotating[str], Secret(), Rotation(max_age='1d', overlap='1d')]", "not shorter than its age"),
        (
            "a: Annotated[SecretStr, Secret(), Rotation(generate={'password': {'alphabet': 'aa'}})]",
            "an alphabet of one letter",
        ),
    ],
)
def test_a_policy_that_cannot_work_is_a_finding_at_its_field(field: str, said: str, tmp_path: Path) -> None:
    found = problems(contract(tmp_path, field))
    assert [(finding.code, finding.pointer) for finding in found] == [("SCH008", ("a",))]
    assert said in found[0].message
    assert found[0].location.span is not None
    assert found[0].location.span.line == len(HEAD.splitlines()) + 1


GOOD = """\
a: Annotated[Rotating[Annotated[SecretStr, Field(min_length=8)]], Secret(), Rotation(
    max_age="90d", overlap="24h", generate={"password": {"length": 20, "alphabet": "abcXYZ019"}}, hook=["x", "--y"])]
b: Annotated[Rotating[Login], Secret(), Rotation(max_age="4w", overlap="2d", generate={"login": {"users": ["p", "q"]}})]
c: Annotated[SecretStr | None, Secret(), Rotation(max_age="90d", generate="ed25519")] = None
d: Annotated[Rotating[SecretStr] | None, Secret(), Rotation(max_age="90d", generate={"rsa": {"bits": 4096}})] = None
e: Annotated[SecretStr, Secret(), Rotation(generate={"command": {"run": ["uuidgen"], "timeout": "5s"}})]"""


def test_policies_that_work_have_no_findings_and_schemas(tmp_path: Path) -> None:
    folder = contract(tmp_path, GOOD)
    assert problems(folder) == []
    assert export(folder) == export(folder)
    schema = contract_schema(folder, "app")
    assert not [name for name in schema["$defs"] if "FieldInfo" in name]
    root = Contract("app", schema).root
    assert [name for name in "abcde" if is_rotating(root.properties[name])] == ["a", "b", "d"]
    assert root.properties["a"].rotation["overlap"] == "24h"


def test_values_inside_a_rotating_field_belong_to_it(tmp_path: Path) -> None:
    root = Contract("app", contract_schema(contract(tmp_path, GOOD), "app")).root
    inside: dict[tuple[str, ...], tuple[str, ...] | None] = {
        ("a", "current"): ("a",),
        ("b", "previous", "password"): ("b",),
        ("d", "previous_until"): ("d",),
        ("e",): ("e",),
        ("f",): None,
    }
    found = {pointer: unit_of(root, pointer) for pointer in inside}
    assert {pointer: unit[0] if unit else None for pointer, unit in found.items()} == inside


def test_a_rotating_field_accepts_the_value_before_until_its_time() -> None:
    until = datetime(2026, 11, 24, 12, tzinfo=UTC)
    said: Any = {"current": "new-value", "previous": "old-value", "previous_until": "2026-11-24T12:00:00Z"}
    field = Rotating[SecretStr].model_validate(said)
    assert [each.get_secret_value() for each in field.accepted(until - timedelta(seconds=1))] == [
        "new-value",
        "old-value",
    ]
    assert [each.get_secret_value() for each in field.accepted(until)] == ["new-value"]
    assert "new-value" not in repr(field)
    with pytest.raises(ValidationError):
        Rotating[SecretStr].model_validate({**said, "previous_until": "tomorrow"})
