"""`terrace doctor` says what is missing, and what to do about it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from terrace import cli

BASE = Path(__file__).parent / "cases" / "_base"


def test_doctor_counts_the_generated_files_that_are_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(shutil.copytree(BASE, tmp_path / "repo"))
    assert cli.run(["-C", folder, "schemas"]) == 0
    capsys.readouterr()
    assert cli.run(["-C", folder, "doctor"]) == 0
    assert "stale" not in capsys.readouterr().out
    (tmp_path / "repo/schemas/generated/orders.schema.json").unlink()
    assert cli.run(["-C", folder, "doctor"]) == 0
    assert "1 stale: terrace schemas" in capsys.readouterr().out
