"""Makes the secrets files of `tests/cases/` anew: `python -m tests.seal_cases`. Nobody has the keys afterwards.

What is encrypted in a file is replaced by a new random text that is encrypted; what stands in the open, as the mistake
of a case, stays. The recovery key in the register of `_base` is made anew, and all files are encrypted for it.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyrage
import yaml

from terrace import sops

CASES = Path(__file__).parent / "cases"
WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def main() -> None:
    """Make the register of `_base`, and every secrets file that was ever encrypted."""
    key = str(pyrage.x25519.Identity.generate().to_public())
    entry = f"  recovery:\n    kind: recovery\n    key: {key}\n    owner: security\n    since: 2026-01-15\n"
    (CASES / "_base/recipients.yaml").write_text(f"recipients:\n{entry}", encoding="utf-8")
    for path in sorted(CASES.rglob("*.secrets.yaml")):
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        if said.pop("sops", None):
            path.write_text(sealed(said, key), encoding="utf-8")


def sealed(said: dict[str, Any], key: str) -> str:
    """The text of a file with the same keys, encrypted."""
    kept: list[str] = []
    text = sops.create(_renewed(said, kept), [key], now=WHEN)
    for value, line in zip(kept, _lines_of(text, said), strict=True):
        text = text.replace(line, f"{line.split(':')[0]}: {value}")
    return text


def _renewed(value: Any, kept: list[str]) -> Any:
    if isinstance(value, dict):
        return {name: _renewed(inner, kept) for name, inner in value.items()}
    if isinstance(value, str) and not value.startswith("ENC["):
        kept.append(value)
    return secrets.token_urlsafe(18) if isinstance(value, str) else value


def _lines_of(text: str, said: dict[str, Any]) -> list[str]:
    """The lines of the values that stood in the open before: their keys are unique in these small files."""
    names = [
        name for inner in said.values() if isinstance(inner, dict) for name, value in inner.items() if _open(value)
    ]
    return [match[0] for name in names if (match := re.search(rf"^ +{name}: ENC.*$", text, re.M))]


def _open(value: object) -> bool:
    return isinstance(value, str) and not value.startswith("ENC[")


if __name__ == "__main__":
    main()
