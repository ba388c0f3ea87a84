"""An item of a list is found, and told of, like any other value."""

from __future__ import annotations

from pathlib import Path

import pytest

from terrace.change import Place, change
from terrace.errors import UsageError
from terrace.model.layers import Target
from terrace.views import where

EXAMPLE = Path(__file__).resolve().parent.parent
FIRST_ORIGIN = ("cors", "origins", 0)


def test_layers_that_set_an_item_are_found() -> None:
    layers = {setting.layer for setting in where(EXAMPLE, "backend", FIRST_ORIGIN)}
    assert {"environments/development", "environments/production"} <= layers


def test_an_edit_tells_the_item_before_and_after() -> None:
    value = "https://counter.harbourkitchen.com"
    made = change(EXAMPLE, "backend", FIRST_ORIGIN, value, Place("production"))
    outcome = next(each for each in made.outcomes if each.target == Target("backend", "production"))
    assert outcome.before != value
    assert outcome.after == value


def test_where_wants_a_key() -> None:
    with pytest.raises(UsageError, match="the path is empty"):
        where(EXAMPLE, "backend", ())
