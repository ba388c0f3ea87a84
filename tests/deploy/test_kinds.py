"""A kind of destination is one file: what it says of itself reaches the schema, and opens it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from terrace.deploy import kinds
from terrace.deploy.kinds import address, open_destination
from terrace.errors import DestinationError
from terrace.schemas import export
from terrace.validate.descriptors import descriptor_schema

PAPER = """
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["paper"],
    "properties": {"paper": {"enum": ["a4", "letter"]}},
}


def destination(config, root):
    return f"printed on {config['paper']} in {root}"
"""


@pytest.fixture
def _paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more kind, in a file of its own."""
    (tmp_path / "paper.py").write_text(PAPER)
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path)])
    kinds.kinds.cache_clear()
    descriptor_schema.cache_clear()
    yield
    monkeypatch.undo()
    kinds.kinds.cache_clear()
    descriptor_schema.cache_clear()


def problems(entry: object) -> list[str]:
    schema = descriptor_schema("environment.yaml")
    return [problem.message for problem in schema.problems({"kind": "staging", "destinations": [entry]})]


@pytest.mark.usefixtures("_paper")
def test_a_file_is_all_that_a_kind_needs(tmp_path: Path) -> None:
    assert kinds.kinds() == ("directory", "paper")
    assert problems({"paper": "a4"}) == problems({"directory": "live"}) == []
    assert problems({"paper": "a5"})
    assert problems({"paper": "a4", "directory": "live"})
    assert '"paper"' in export(tmp_path)["schemas/generated/environment.schema.json"].decode()
    assert address({"paper": "a4"}) == "a4"
    assert str(open_destination({"paper": "a4"}, Path("shop"))) == "printed on a4 in shop"


def test_without_its_file_it_is_not_known() -> None:
    assert problems({"paper": "a4"})
    with pytest.raises(DestinationError, match="this kind is not known: paper") as caught:
        open_destination({"paper": "a4"}, Path())
    assert caught.value.hint == "Give one of: directory."


@pytest.mark.parametrize("path", ["", 3, None])
def test_a_directory_is_a_path(path: object) -> None:
    with pytest.raises(DestinationError, match="is not a path"):
        open_destination({"directory": path}, Path())
