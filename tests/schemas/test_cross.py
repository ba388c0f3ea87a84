"""Rules across fields: what a contract's own code says, and what is remembered of it between runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from terrace.errors import TerraceError
from terrace.model.service import Contract
from terrace.schemas import contract_schema
from terrace.schemas.cross import cross_check

POOL = """\
from pydantic import model_validator

class Pool(BaseModel):
    least: int = 1
    most: int = 9
    password: Annotated[str, Secret()]

    @model_validator(mode="after")
    def _in_order(self):
        if self.least > self.most:
            raise ValueError("least is above most")
        return self

class Config(BaseModel):
    pool: Pool
    other: Pool
    name: str = "x"
"""
SAID = [(("pool",), "least is above most")]


@pytest.fixture
def root(contract: Callable[..., Path]) -> Path:
    return contract(POOL)


def read(root: Path) -> Contract:
    return Contract("app", contract_schema(root, "app"))


def check(root: Path, contract: Contract, answers: dict[str, Any] | None = None) -> Callable[[dict[str, Any]], Any]:
    found = cross_check(root, contract, answers)
    assert found is not None
    return found


def pools(least: int, name: str = "x") -> dict[str, Any]:
    return {"pool": {"least": least, "most": 5}, "other": {}, "name": name}


def test_a_rule_is_told_with_its_section_and_secrets_are_not_missed(root: Path) -> None:
    rules = check(root, read(root))
    assert rules(pools(7)) == SAID
    assert rules(pools(3)) == []
    assert rules({"pool": pools(3)["pool"], "other": {"least": 10}}) == [(("other",), "least is above most")]


def test_what_was_said_of_values_is_known_without_running_the_contract(root: Path) -> None:
    contract, answers = read(root), dict[str, Any]()
    rules = check(root, contract, answers)
    assert (rules(pools(7)), rules(pools(3))) == (SAID, [])
    (root / "schemas/app.py").write_text("raise RuntimeError('run')  # a validator\n")
    kept = check(root, contract, json.loads(json.dumps(answers)))
    assert (kept(pools(7, "another")), kept(pools(3))) == (SAID, [])
    with pytest.raises(TerraceError, match="cannot be run"):
        kept(pools(8))


def test_what_was_said_of_one_section_is_not_said_of_another(root: Path) -> None:
    rules = check(root, read(root), {})
    same = {"least": 7, "most": 5}
    assert rules({"pool": same, "other": same}) == [*SAID, (("other",), "least is above most")]


def test_a_contract_without_rules_has_no_check(contract: Callable[..., Path]) -> None:
    root = contract("class Config(BaseModel):\n    validators: int = 1\n")
    answers: dict[str, Any] = {}
    assert cross_check(root, read(root), answers) is None
    (root / "schemas/app.py").write_text("raise RuntimeError('run')  # a validator\n")
    assert cross_check(root, Contract("app", {"type": "object", "properties": {}}), answers) is None
