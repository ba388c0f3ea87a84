"""A contract's own rules over secrets in the open: only words that stand in its code are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from terrace.model.service import Contract
from terrace.model.source import Pointer
from terrace.schemas import contract_schema
from terrace.schemas.cross import opened_check

CANARY = "canary-5f1c9be07d3a442e"
RULES = """\
import logging
from typing import Literal
from uuid import UUID
from pydantic import field_validator, model_validator
from pydantic_core import PydanticCustomError

class Card(BaseModel):
    kind: Literal["card"]
    number: Annotated[str, Secret()]

class Cash(BaseModel):
    kind: Literal["cash"]

class Login(BaseModel):
    user: str = "app"
    password: Annotated[str, Secret()] = "x"
    key: Annotated[UUID | None, Secret()] = None
    pay: Annotated[Card | Cash | None, Field(discriminator="kind"), Secret()] = None

    @model_validator(mode="after")
    def _fits(self):
        said = self.password
        if said.startswith("plain"):
            raise ValueError("password must not begin plainly")
        if said.startswith("filled"):
            raise ValueError(f"{self.user}: {said} is {said.upper()} and {len(said):04d} long")
        if said.startswith("only"):
            raise ValueError(f"{said}")
        if said.startswith("joined"):
            raise ValueError("password: %s" % said)
        if said.startswith("custom"):
            raise PydanticCustomError(said, "password {said}", {"said": said})
        if said.startswith("exit"):
            raise SystemExit(said)
        assert not said.startswith("assert"), f"no {said}"
        assert not said.startswith("bare")
        return self

class Config(BaseModel):
    login: Login
"""
LOGIN: Pointer = ("login",)
UNTOLD = "a rule of the contract refuses it (its words are not shown: they may hold the secret)"


@pytest.fixture
def root(contract: Callable[..., Path]) -> Path:
    return contract(RULES)


def said(root: Path, **values: object) -> list[tuple[Pointer, str]]:
    check = opened_check(root, Contract("app", contract_schema(root, "app")))
    assert check is not None
    return check({"login": values})


@pytest.mark.parametrize(
    ("begins", "told"),
    [
        ("plain", "password must not begin plainly"),
        ("filled", "********: ******** is ******** and ******** long"),
        ("only", UNTOLD),
        ("joined", UNTOLD),
        ("custom", UNTOLD),
        ("assert", "no ********"),
        ("bare", UNTOLD),
        ("exit", "a validator of login failed: SystemExit"),
    ],
)
def test_words_of_a_rule_are_told_without_what_was_filled_in(root: Path, begins: str, told: str) -> None:
    assert said(root, password=f"{begins}-{CANARY}") == [(LOGIN, told)]


def test_values_that_suit_the_rules_say_nothing(root: Path) -> None:
    assert said(root, password=CANARY) == []


def test_message_of_pydantic_that_shows_a_piece_of_the_value_is_its_name_alone(root: Path) -> None:
    assert said(root, key=CANARY) == [((*LOGIN, "key"), "is refused by the contract (uuid_parsing)")]


def test_tag_of_a_union_is_no_part_of_the_place(root: Path) -> None:
    """Pydantic puts the tag, which is a value of the secret, into the place of the error."""
    found = said(root, pay={"kind": "card"})
    assert found == [((*LOGIN, "pay"), "is refused by the contract (missing)")]
    found = said(root, pay={"kind": CANARY})
    assert found == [((*LOGIN, "pay"), "is refused by the contract (union_tag_invalid)")]


def test_longest_words_that_fit_are_told(root: Path) -> None:
    (root / "schemas/more.py").write_text('def f(x):\n    raise ValueError(f"pass{x}")\n')
    assert said(root, password=f"plain-{CANARY}") == [(LOGIN, "password must not begin plainly")]
