"""flagd's schemas judge its own examples as it says, so that what they say of our definitions counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.data import where
from tests.flags.schemas import problems

_EXAMPLES = where("flags", "flagd-schemas", "test", "flags")


def test_the_schemas_are_at_hand() -> None:
    assert problems({"flags": {}}) == []


@pytest.mark.parametrize("file", sorted(_EXAMPLES.glob("*/*.json")), ids=lambda file: file.stem)
def test_an_example_is_judged_as_flagd_says(file: Path) -> None:
    good = file.parent.name == "positive" and "array" not in file.name
    assert (problems(json.loads(file.read_text("utf-8"))) == []) is good
