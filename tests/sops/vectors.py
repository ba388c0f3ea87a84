"""Test vectors: files that SOPS itself and others wrote, and tampered copies. Private keys are not committed, so the
committed part is opened by its data keys."""

from __future__ import annotations

import base64
import json
import os
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from terrace.sops import identities
from terrace.sops.document import Leaf, Tree, read
from terrace.sops.opened import Opened, open_, open_refusing

_HERE = Path(__file__).parent
_NAMED = os.environ.get("TERRACE_TEST_DATA")
_SHARED = (Path(_NAMED) if _NAMED else _HERE.parents[2] / "shared" / "data") / "sops"


class Vector(NamedTuple):
    """One file: its documents as they must be read (None: not said), and `accept`, `refuse` or another word."""

    name: str
    text: str
    docs: list[Any] | None
    expect: str
    keys: tuple[str, ...]
    data_key: str

    def open(self) -> Opened:
        """The file, opened as the vector says."""
        if self.keys:
            return open_(self.text, identities.of(*self.keys), name=self.name)
        return open_refusing(read(self.text), bytes.fromhex(self.data_key), name=self.name)


def all_are_here() -> bool:
    """Whether the shared vectors are at hand; else only those that are committed."""
    if _NAMED and not _SHARED.is_dir():
        raise FileNotFoundError(f"TERRACE_TEST_DATA is set, and there is no {_SHARED}")
    return _SHARED.is_dir()


@cache
def vectors() -> tuple[Vector, ...]:
    """All vectors at hand."""
    if not all_are_here():
        rows = json.loads((_HERE / "data" / "vectors.json").read_text("utf-8"))
        return tuple(
            Vector(row["name"], row["text"], row["docs"], row["expect"], (), row["data_key_hex"]) for row in rows
        )
    rows = json.loads((_SHARED / "manifest.json").read_text("utf-8"))
    return tuple(_vector(row) for row in rows if not row["file"].startswith("write/"))


def _vector(row: dict[str, Any]) -> Vector:
    docs, data_key = None, ""
    if "expected" in row:
        expected = json.loads((_SHARED / row["expected"]).read_text("utf-8"))
        docs, data_key = expected["docs"], expected["data_key_hex"]
    text = (_SHARED / row["file"]).read_bytes().decode("utf-8")
    keys = tuple((_SHARED / key).read_text("utf-8") for key in row["keys"])
    return Vector(row["file"], text, docs, row.get("expect", "accept"), keys, data_key)


def to_refuse() -> dict[str, str]:
    """Plain texts that no writer may encrypt, by name."""
    return {path.name: path.read_text("utf-8") for path in sorted(_SHARED.glob("write/refuse-*.yaml"))}


@cache
def table(name: str) -> Any:
    """One of the tables of spellings, numbers, single values, or key parts."""
    if all_are_here():
        return json.loads((_SHARED / "tables" / f"{name}.json").read_text("utf-8"))
    return json.loads((_HERE / "data" / "tables.json").read_text("utf-8"))[name]


def tree(opened: Opened) -> list[Any]:
    """The documents of an opened file in the form of the vectors."""
    return [_tree(document, opened) for document in opened.file.trees]


def _tree(part: Tree, opened: Opened) -> Any:
    if isinstance(part, dict):
        return {"map": [[key, _tree(inner, opened)] for key, inner in part.items()]}
    if not isinstance(part, Leaf):
        return {"list": [_tree(inner, opened) for inner in part]}
    found = opened._plain[part.number]
    assert found is not None
    if found.kind == "null":
        return None
    text = base64.b64encode(found.text).decode() if isinstance(found.text, bytes) else found.text
    return {"t": found.kind, "v": text}
