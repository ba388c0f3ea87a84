"""docs/flags.md: its examples have the right form, and it leaves no key out. And the flags of the living example."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from terrace import yamlio
from terrace.flags.shape import FLAGS_SCHEMA
from terrace.load import Tree
from terrace.load_flags import load_flags
from terrace.model.flag import KINDS, TYPES
from terrace.source import open_source
from terrace.validate.run import run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/flags.md").read_text()
EXAMPLES: list[Any] = [
    yamlio.load(text)[0] for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_has_the_right_form(example: dict[str, Any]) -> None:
    schema: dict[str, Any] = FLAGS_SCHEMA
    if not example.keys() & schema["properties"].keys():
        schema = {**schema["$defs"]["state"], "$defs": schema["$defs"]}
    assert [
        error.message for error in jsonschema_rs.validator_for(schema, validate_formats=True).iter_errors(example)
    ] == []


def test_every_key_is_documented() -> None:
    shapes = [FLAGS_SCHEMA, *FLAGS_SCHEMA["$defs"].values()]
    keys = {key for shape in shapes for key in shape.get("properties", {})}
    operators = FLAGS_SCHEMA["$defs"]["condition"]["additionalProperties"]["anyOf"][-1]["properties"]
    words = set(re.findall(r"[a-z_]+", PAGE, re.IGNORECASE))
    assert (keys | operators.keys() | {*KINDS, *TYPES}) - words == set()


def test_the_living_example_has_flags_of_all_kinds_and_no_finding() -> None:
    tree = Tree(open_source(ROOT))
    flags = load_flags(tree).flags
    assert {flag.kind for flag in flags.every()} == set(KINDS)
    assert len(flags.flags) >= 8
    assert sum(len(area.tests) for area in flags.areas) >= 10
    found = run(tree, date(2026, 11, 24), cached=False).found
    assert [item.finding.code for item in found if any(target.startswith("_flags/") for target in item.targets)] == []
