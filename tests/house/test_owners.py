"""Who must agree to a change: every part of the repository that can hurt has its owners."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LINE = re.compile(r"(\S+)((?:\s+@harbour-kitchen/[a-z-]+)+)$")


def owned(root: Path) -> dict[str, list[str]]:
    lines = (root / ".github/CODEOWNERS").read_text(encoding="utf-8").splitlines()
    matches = {line: LINE.match(line) for line in lines if line and not line.startswith("#")}
    assert [line for line, match in matches.items() if match is None] == []
    return {match[1]: match[2].split() for match in matches.values() if match}


def test_every_environment_has_owners_of_its_own(root: Path) -> None:
    environments = sorted(path.name for path in root.glob("environments/*") if path.is_dir())
    if not environments:
        pytest.skip("the example has no environments yet")
    assert [name for name in environments if f"/environments/{name}/" not in owned(root)] == []


@pytest.mark.parametrize("path", ["*", "/tenants/", "/flags/", "/schemas/", "/.github/", "/.sops.yaml"])
def test_what_reaches_everybody_has_owners(root: Path, path: str) -> None:
    assert owned(root)[path]


def test_no_later_line_takes_the_guard_of_workflows_away(root: Path) -> None:
    guards = list(owned(root))
    assert guards.index("*") == 0
    assert guards.index("/.github/") > guards.index("/tenants/**/production/")
