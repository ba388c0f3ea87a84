"""The flags of a repository, and who is in each environment. They are read apart: most of what is done needs none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from terrace.flags.read import area_of
from terrace.load import GROUPS, TENANT_FILE, Tree, name_of, parent_of, read_into, take, tenant_of
from terrace.model.entities import Files, Tenant
from terrace.model.flag import Flags, Roster
from terrace.source import Entry


class FlagFiles(NamedTuple):
    """The flags, their files as they were read, and the type that each flag had before: None where no file says."""

    flags: Flags
    files: Files
    types: Mapping[str, str] | None


def load_flags(tree: Tree) -> FlagFiles:
    """Every file of `flags/`, and `schemas/generated/flags.json`."""
    files = Files()
    read_into(tree.source, tree.flags, files)
    areas = tuple(area_of(files.documents[path]) for path in sorted(files.documents) if path.count("/") == 1)
    return FlagFiles(Flags(areas), files, _types(tree))


class Rosters:
    """Who is in each environment. The tenants' own files are read when it is first asked, and no others."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._found: dict[str, Roster] = {}

    def of(self, environment: str) -> Roster:
        """The tenants of an environment; with every group and ring there is, also those without a tenant there."""
        if environment not in self._found:
            here = _roster(each for each in self._tenants if environment in each.environments)
            groups = {name: here.groups.get(name, frozenset()) for name in self.everybody.groups}
            rings = {name: here.rings.get(name, frozenset()) for name in self.everybody.rings}
            self._found[environment] = here._replace(groups=groups, rings=rings)
        return self._found[environment]

    @cached_property
    def everybody(self) -> Roster:
        """All tenants, wherever they are, and every group that has a folder or a tenant."""
        found = _roster(self._tenants)
        folders = {entry.path[len(GROUPS) + 1 :].split("/")[0] for entry in self._tree.groups}
        return found._replace(groups={**{name: frozenset() for name in sorted(folders)}, **found.groups})

    @property
    def were_asked(self) -> bool:
        """Whether the tenants' files were read."""
        return "_tenants" in self.__dict__

    @cached_property
    def _tenants(self) -> list[Tenant]:
        entries: dict[str, Entry] = {}
        for folder in self._tree.tenants:
            entries.setdefault(name_of(folder), _own_file(self._tree, folder))
        found = []
        for entry, data in zip(entries.values(), self._tree.source.read(list(entries.values())), strict=True):
            files = Files()
            take(entry, data, files)
            found.append(tenant_of(parent_of(entry.path), files))
        return found


def _own_file(tree: Tree, folder: str) -> Entry:
    return next(entry for entry in tree.tenants[folder] if entry.path == f"{folder}/{TENANT_FILE}")


def _roster(there: Iterable[Tenant]) -> Roster:
    names: set[str] = set()
    groups: dict[str, set[str]] = {}
    rings: dict[str, set[str]] = {}
    for tenant in there:
        names.add(tenant.name)
        for group in tenant.groups:
            groups.setdefault(group, set()).add(tenant.name)
        if tenant.ring:
            rings.setdefault(tenant.ring, set()).add(tenant.name)
    return Roster(
        frozenset(names),
        {name: frozenset(found) for name, found in groups.items()},
        {name: frozenset(found) for name, found in rings.items()},
    )


def _types(tree: Tree) -> dict[str, str] | None:
    for data in tree.source.read(tree.flag_types):
        return types_in(data) if isinstance(data, bytes) else None
    return None


def types_in(data: bytes) -> dict[str, str] | None:
    """The types of flags by key, as `schemas/generated/flags.json` holds them; None where it does not."""
    try:
        said = json.loads(data.decode())
    except (ValueError, RecursionError):
        return None
    types = said.get("types") if isinstance(said, dict) else None
    if not isinstance(types, dict):
        return None
    return {key: kind for key, kind in types.items() if isinstance(kind, str)}
