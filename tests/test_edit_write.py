"""Writing changed files: where one cannot be written, the message names it, and nothing of ours is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from terrace import edit
from terrace.errors import TerraceError


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("no folder")
    with pytest.raises(TerraceError, match=r"^cannot write folder/a\.yaml: "):
        edit.write(tmp_path, {"folder/a.yaml": "a: 1\n"})
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
