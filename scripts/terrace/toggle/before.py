"""What a flag was in an environment at some commit, to be brought back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from terrace import load
from terrace.errors import RefusedError
from terrace.load_flags import load_flags
from terrace.source import open_source

_NOTHING: Mapping[str, Any] = {}


def state_at(folder: Path, revision: str, flag: str, environment: str) -> Mapping[str, Any]:
    """The state of a flag in an environment as it was written at `revision`; empty where it was not written."""
    found = load_flags(load.Tree(open_source(folder, revision), only=())).flags.flags.get(flag)
    if found is None:
        raise RefusedError(
            f"at {revision[:12]} there was no flag {flag!r} that could be read", hint="Choose a later commit."
        )
    said = found.document.value["flags"][flag].get("environments")
    state = said.get(environment) if isinstance(said, dict) else None
    return state if isinstance(state, dict) else _NOTHING
