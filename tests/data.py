"""Where the shared test data is: too large, or not ours, to be committed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parent.parent


def shared(*parts: str) -> Path:
    """The folder `parts` of the shared test data. Skips the caller where there is none, and fails it in CI."""
    folder = where(*parts)
    if folder.is_dir():
        return folder
    reason = f"the shared test data is not at {folder}; set TERRACE_TEST_DATA to the folder that holds it"
    if os.environ.get("TERRACE_TEST_DATA") or os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def where(*parts: str) -> Path:
    """Where the folder `parts` of the shared test data would be, for what is listed before any test runs."""
    named = os.environ.get("TERRACE_TEST_DATA")
    root = Path(named) if named else _REPOSITORY.parent / "shared" / "data"
    return root.joinpath(*parts)
