"""The register as people change it: somebody comes in or goes, and what else must change with it, as texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from terrace import load, yamlio
from terrace.errors import RefusedError, UsageError
from terrace.model.closest import named
from terrace.model.entities import Environment, Repository, Tenant
from terrace.model.recipients import FILE, Recipient, canonical, shortened
from terrace.model.sops_rules import FILE as RULES
from terrace.model.sops_rules import sops_rules
from terrace.model.source import Document
from terrace.sops import keys
from terrace.source import Overlay, Source, open_source

SAMPLE = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
"""In place of a key that is not made yet."""


class Whole(NamedTuple):
    """A repository in memory with all of its tenants, and the source that it was read from."""

    source: Source
    repository: Repository

    @property
    def tenants(self) -> tuple[Tenant, ...]:
        """Every tenant."""
        return tuple(self.repository.tenants.values())


def whole(root: Path, texts: Mapping[str, str | None] | None = None) -> Whole:
    """The repository in `root`, as it would be with these texts."""
    source: Source = open_source(root)
    if texts:
        source = Overlay(source, texts)
    return Whole(source, load.load(source))


def entered(found: Whole, new: Recipient, *, like: str = "") -> dict[str, str | None]:
    """The texts of the files that change when somebody comes in: register, environments, the rules of SOPS.

    With `like`, the name of another one, it is let in where that one is: by environments and tenants.
    """
    repository = found.repository
    _refuse(repository, new)
    said: dict[str, object] = {"kind": new.kind, "key": new.key, "owner": new.owner}
    if not new.is_recovery:
        said["environments"] = list(new.environments)
    said["since"] = str(new.since)
    texts: dict[str, str | None] = {FILE: _set(repository.register.document, FILE, ("recipients", new.name), said)}
    for path, document, names in () if new.is_recovery else _places(found, new, like):
        texts[path] = _set(document, path, ("recipients",), [*names, new.name])
    return texts | rules(found, texts)


def retired(found: Whole, name: str, today: date) -> dict[str, str | None]:
    """The texts of the files that change when somebody goes; the register keeps the name, and says since when."""
    register = found.repository.register
    recipient = named(name, register.recipients, "recipient")
    texts: dict[str, str | None] = {}
    if not recipient.retired:
        texts[FILE] = _set(register.document, FILE, ("recipients", name, "retired"), str(today))
    for document, names in _naming(found):
        if name in names:
            rest = [each for each in names if each != name]
            place = ("recipients",)
            texts[document.path] = yamlio.set_value(document, place, rest) if rest else yamlio.unset(document, place)
    return texts | rules(found, texts)


def _naming(found: Whole) -> list[tuple[Document, tuple[str, ...]]]:
    """The files of environments and tenants, each with those whom it names."""
    every: list[Environment | Tenant] = [*found.repository.environments.values(), *found.tenants]
    return [(each.document, each.recipients) for each in every if each.document]


def _places(found: Whole, new: Recipient, like: str) -> Iterator[tuple[str, Document | None, tuple[str, ...]]]:
    """The files in which somebody new is to be named, with those whom they name already."""
    for document, names in _naming(found) if like else ():
        if like in names:
            yield document.path, document, names
    for name in () if like else new.environments:
        environment = found.repository.environments[name]
        path = f"{load.ENVIRONMENTS}/{name}/{load.ENVIRONMENT_FILE}"
        yield path, environment.document, environment.recipients


def rules(found: Whole, texts: Mapping[str, str | None]) -> dict[str, str | None]:
    """The text of `.sops.yaml` as it is to be with these other texts, if it is another one now."""
    after = whole(found.source.root, texts)
    wanted = sops_rules(after.repository, after.tenants) if after.repository.register.document else None
    if wanted is None or wanted == (found.repository.sops_rules or ""):
        return {}
    return {RULES: wanted or None}


def _refuse(repository: Repository, new: Recipient) -> None:
    register = repository.register
    if new.name in register.recipients:
        raise RefusedError(f"there is a recipient '{new.name}' already", hint=f"Take another name; see {FILE}.")
    if (
        not new.name
        or not set(new.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        or new.name.strip("-") != new.name
    ):
        raise UsageError(f"no recipient can be called {new.name!r}", hint="Small letters, digits and -: anna-laptop")
    if new.key != SAMPLE:
        keys.check_recipient(new.key)
    other = register.by_key(new.key)
    if other:
        raise RefusedError(f"{shortened(new.key)} is the key of '{other.name}'", hint="Each recipient has its own.")
    for name in new.environments:
        named(name, repository.environments, "environment")
    if new.is_recovery and new.environments:
        raise UsageError("a recovery key opens the secrets of every environment: leave --env out")
    if not new.is_recovery and not new.environments:
        raise UsageError("say which environments it opens: --env NAME")


def recipient(name: str, kind: str, key: str, owner: str, environments: Iterable[str], since: date) -> Recipient:
    """Somebody new."""
    return Recipient(name, kind, canonical(key), owner or name, tuple(dict.fromkeys(environments)), since)


def _set(document: Document | None, path: str, pointer: tuple[str, ...], value: object) -> str:
    return yamlio.set_value(document or Document(path, "", {}, lambda _: {}), pointer, value)
