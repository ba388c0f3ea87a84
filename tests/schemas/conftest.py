"""A small repository with a contract, and configurations that suit a contract."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from terrace.model.service import Contract, Field
from terrace.schemas import contract_schema

ROOT = Path(__file__).parents[2]
HEAD = """\
from typing import Annotated, Literal
from pydantic import BaseModel, SecretStr, Field
from terrace.contract import *

"""


@pytest.fixture
def contract(tmp_path: Path) -> Callable[..., Path]:
    """Write `schemas/app.py` (or another file) under the usual imports; the repository's folder comes back."""

    def make(text: str, name: str = "app.py") -> Path:
        file = tmp_path / "schemas" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text if name.endswith(".json") else HEAD + text)
        return tmp_path

    return make


@pytest.fixture
def configs() -> Callable[[str], st.SearchStrategy[dict[str, Any]]]:
    """Random configurations, secrets included, that suit the contract of a service of the living example."""
    return _configs


@cache
def _configs(service: str) -> st.SearchStrategy[dict[str, Any]]:
    contract = Contract(service, contract_schema(ROOT, service))
    return _values(contract.root).map(_settled)


def _settled(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration without what would break the contract's rules across fields."""
    database = config["database"]
    if database.get("pool_min", 2) > database.get("pool_max", 10):
        database.pop("pool_max", None)
        database.pop("pool_min", None)
    config.get("auth", {}).pop("refresh_token_ttl", None)
    config.get("auth", {}).pop("access_token_ttl", None)
    return config


def _values(field: Field) -> st.SearchStrategy[Any]:
    if field.is_section:
        named = {name: _values(child) for name, child in field.properties.items()}
        needed = {name: value for name, value in named.items() if name in field.required}
        section: st.SearchStrategy[Any] = st.fixed_dictionaries(
            needed, optional={name: value for name, value in named.items() if name not in needed}
        )
        if field.additional is not None:
            section = st.dictionaries(
                st.from_regex("[a-z]{1,8}", fullmatch=True), _values(field.additional), max_size=3
            )
    else:
        section = _leaf(field)
    return st.none() | section if field.nullable else section


def _leaf(field: Field) -> st.SearchStrategy[Any]:
    schema = field.schema
    if "enum" in schema:
        return st.sampled_from([value for value in schema["enum"] if value is not None])
    if field.items is not None:
        return st.lists(
            _values(field.items),
            min_size=schema.get("minItems", 0),
            max_size=schema.get("maxItems", 3),
            unique=schema.get("uniqueItems", False),
        )
    if "boolean" in field.types:
        return st.booleans()
    if "integer" in field.types:
        step = schema.get("multipleOf", 1)
        return st.integers(schema.get("minimum", 0) // step, schema.get("maximum", 10**6) // step).map(
            lambda n: n * step
        )
    if "number" in field.types:
        return st.floats(schema["minimum"], schema["maximum"])
    if "pattern" in schema:
        shortest, longest = schema.get("minLength", 0), schema.get("maxLength", 10**4)
        ascii_only = st.from_regex(schema["pattern"], fullmatch=True, alphabet=st.characters(max_codepoint=127))
        return ascii_only.filter(lambda text: shortest <= len(text) <= longest)
    letters = st.characters(codec="utf-8", categories=("L", "N", "P"))
    shortest = schema.get("minLength", 0)
    return st.text(letters, min_size=shortest, max_size=max(shortest, min(schema.get("maxLength", 40), 40)))
