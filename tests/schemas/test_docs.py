"""docs/contracts.md: its contracts run, and it leaves no marker out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from terrace import contract
from terrace.schemas import export, problems

PAGE = (Path(__file__).parents[2] / "docs/contracts.md").read_text()
CONTRACTS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", CONTRACTS)
def test_a_contract_in_the_documentation_works(text: str, tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/app.py").write_text(text)
    assert export(tmp_path)
    assert problems(tmp_path) == []


def test_every_marker_has_its_example() -> None:
    assert len(CONTRACTS) >= 2
    for marker in contract.Marker.__subclasses__():
        name = marker.__name__
        assert re.search(rf"^### {name}\n\n    .*(\n    .*)*{name}\(", PAGE, re.MULTILINE), name
        assert f"`x-terrace-{marker.keyword}: " in PAGE
