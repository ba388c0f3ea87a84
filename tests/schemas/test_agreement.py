"""The schema and the model say the same: what one accepts, refuses and fills in, the other does too."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from terrace.layering import Layering
from terrace.load import load
from terrace.model.layers import Target, leaves
from terrace.model.service import Contract
from terrace.model.source import Pointer
from terrace.schemas import contract_schema, model_of
from terrace.source import open_source
from tests.soak import rounds

ROOT = Path(__file__).parents[2]
MODEL = model_of(ROOT, "backend")
CONTRACT = Contract("backend", contract_schema(ROOT, "backend"))
SCHEMA = jsonschema_rs.validator_for(CONTRACT.schema, validate_formats=True)
WRONG: list[Any] = [
    "5", 5, 5.5, -1, 0, 10**12, True, None, "", "x", "x" * 300, [], [1], [None], {}, {"a": 1}, [[]],
    "true", "http://", "https://a.b/c", "localhost", "a@b", "#ABCDEF", "Europe/Oslo\n", "acct_x", "2026-01-01",
]  # fmt: skip

pytestmark = pytest.mark.soak
few = settings(max_examples=rounds(25), deadline=None, suppress_health_check=list(HealthCheck))


def accepted(config: dict[str, Any]) -> bool:
    """Whether the model takes it, rules across fields aside: JSON Schema knows none."""
    try:
        MODEL.model_validate_json(json.dumps(config))
    except ValidationError as error:
        return all(entry["type"] == "value_error" for entry in error.errors())
    return True


def set_at(config: Any, pointer: Pointer, value: Any) -> None:
    for part in pointer[:-1]:
        config = config[part]
    config[pointer[-1]] = value


def test_filling_in_defaults_gives_what_the_model_dumps(
    configs: Callable[[str], st.SearchStrategy[dict[str, Any]]],
) -> None:
    @few
    @given(configs("backend"))
    def check(config: dict[str, Any]) -> None:
        dumped = MODEL.model_validate_json(json.dumps(config)).model_dump(mode="python")
        opened = json.loads(json.dumps(dumped, default=SecretStr.get_secret_value))
        assert CONTRACT.fill(config) == opened

    check()


def test_what_suits_the_schema_suits_the_model(configs: Callable[[str], st.SearchStrategy[dict[str, Any]]]) -> None:
    @few
    @given(configs("backend"))
    def check(config: dict[str, Any]) -> None:
        assert SCHEMA.is_valid(config)
        assert accepted(config)

    check()


def production() -> dict[str, Any]:
    """The backend's configuration in production, with stand-ins for its secrets."""
    layering = Layering(load(open_source(ROOT)))
    config = copy.deepcopy(layering.effective(Target("backend", "production")).values)
    for field in CONTRACT.root.walk():
        if field.secret:
            set_at(config, field.pointer, "stand-in " * 5)
    return config


def places(config: dict[str, Any]) -> set[Pointer]:
    """Every section and leaf of a configuration."""
    return {pointer[:length] for pointer, _ in leaves(config) for length in range(1, len(pointer) + 1)}


def test_one_wrong_value_is_judged_alike() -> None:
    config = production()
    assert SCHEMA.is_valid(config)
    verdicts = Counter[bool]()
    for pointer in places(config):
        for value in WRONG:
            mutated = copy.deepcopy(config)
            set_at(mutated, pointer, value)
            verdict = SCHEMA.is_valid(mutated)
            assert verdict == accepted(mutated), (pointer, value)
            verdicts[verdict] += 1
    assert verdicts[True] > 100
    assert verdicts[False] > 1000


def test_one_missing_value_is_judged_alike() -> None:
    config = production()
    for pointer in places(config):
        mutated = copy.deepcopy(config)
        section = mutated
        for part in pointer[:-1]:
            section = section[part]
        del section[pointer[-1]]
        assert SCHEMA.is_valid(mutated) == accepted(mutated), pointer


def test_an_unknown_key_is_refused_in_every_section(
    configs: Callable[[str], st.SearchStrategy[dict[str, Any]]],
) -> None:
    @settings(few, max_examples=rounds(5))
    @given(configs("backend"))
    def check(config: dict[str, Any]) -> None:
        filled = CONTRACT.fill(config)
        for field in CONTRACT.root.walk():
            if field.properties and all(part in filled for part in field.pointer[:1]):
                mutated = copy.deepcopy(filled)
                set_at(mutated, (*field.pointer, "no_such_field"), 1)
                assert not SCHEMA.is_valid(mutated)
                assert not accepted(mutated)

    check()


@pytest.mark.parametrize("value", ["8080", True, 8080.5, 8080.0])
def test_a_number_is_not_its_spelling(value: object) -> None:
    """`8080.0` is the one stated difference: JSON Schema counts it as an integer, the model does not."""
    port = jsonschema_rs.validator_for(CONTRACT.schema["$defs"]["Server"]["properties"]["port"])
    assert port.is_valid(value) is (value == 8080.0)
    with pytest.raises(ValidationError, match=r"server\.port\n.*valid integer"):
        MODEL.model_validate_json(json.dumps({"server": {"port": value}}))


def test_a_rule_across_fields_is_the_models_alone(
    configs: Callable[[str], st.SearchStrategy[dict[str, Any]]],
) -> None:
    @settings(few, max_examples=rounds(3))
    @given(configs("backend"))
    def check(config: dict[str, Any]) -> None:
        config["database"] |= {"pool_min": 30, "pool_max": 20}
        assert SCHEMA.is_valid(config)
        with pytest.raises(ValidationError, match=r"pool_min \(30\) is above pool_max \(20\)"):
            MODEL.model_validate_json(json.dumps(config))

    check()
