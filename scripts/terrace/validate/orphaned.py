"""Generated schemas whose contract is gone: everything would go on being judged by what nobody can change any more."""

from __future__ import annotations

from collections.abc import Iterator

from terrace import load


def orphaned(tree: load.Tree) -> Iterator[str]:
    """The paths of generated schemas for which `schemas/` holds no contract any more, neither in Python nor written."""
    contracts = {entry.path for entry in tree.schemas}
    for path in sorted(contracts):
        if load.parent_of(path) != load.GENERATED or load.name_of(path) in load.DESCRIPTORS:
            continue
        service = load.name_of(path).removesuffix(".schema.json")
        if path.endswith(".schema.json") and contracts.isdisjoint(
            (f"schemas/{service}.py", f"schemas/{service}.schema.json")
        ):
            yield path
