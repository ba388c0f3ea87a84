"""`.sops.yaml` as the register leads to it: for whom SOPS encrypts a new file, by its path.

One rule for each environment, and before those one for each tenant that has recipients of its own, in each of its
environments. The text can be judged in parts, so that a tenant is judged without the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from terrace.model.recipients import Recipient, asked

if TYPE_CHECKING:
    from terrace.model.entities import Repository, Tenant

FILE = ".sops.yaml"
_HEAD = """\
# Generated from recipients.yaml and the `recipients` of environments and tenants; do not edit.
# Made anew by: terrace secrets recipients sync
creation_rules:
"""
_RULE = "  - path_regex: "
_OF_TENANT = f"{_RULE}'^tenants/"
_SPECIAL = frozenset(r".+*?()[]{}|^$\\")


def sops_rules(repository: Repository, tenants: Iterable[Tenant]) -> str:
    """The whole text; empty where no environment and no tenant names a recipient, and so no file is needed."""
    ordered = sorted(tenants, key=lambda each: each.folder)
    rules = [rule for tenant in ordered for rule in _of_tenant(repository, tenant)] + _of_environments(repository)
    return _text(rules) if rules else ""


def is_stale(repository: Repository) -> bool:
    """Whether the part of the repository's `.sops.yaml` that all tenants share is not what the register leads to."""
    wanted = _of_environments(repository)
    if not repository.sops_rules:
        return bool(wanted)
    mine, theirs = _parted(repository.sops_rules)
    owners = tuple(_start(folder) for folder in repository.folders.values())
    return mine != _text(wanted) or not all(rule.startswith(owners) for rule in theirs)


def is_stale_for(repository: Repository, tenant: Tenant) -> bool:
    """Whether the tenant's own part of `.sops.yaml` is not what the register leads to."""
    _, theirs = _parted(repository.sops_rules or "")
    return [rule for rule in theirs if rule.startswith(_start(tenant.folder))] != list(_of_tenant(repository, tenant))


def _text(rules: Iterable[str]) -> str:
    return f"{_HEAD}{''.join(rules)}"


def _parted(text: str) -> tuple[str, list[str]]:
    """The text without the rules of tenants, and these."""
    head, *rules = text.split(_RULE)
    theirs = [rule for each in rules if (rule := _RULE + each).startswith(_OF_TENANT)]
    return "".join((head, *(rule for each in rules if (rule := _RULE + each) not in theirs))), theirs


def _of_environments(repository: Repository) -> list[str]:
    named = {name: asked(repository, name, None) for name in repository.environments}
    return [
        _rule(f"(environments|tenants/.+)/{_literal(name)}", for_)
        for name, for_ in named.items()
        if not all(each.is_recovery for each in for_)
    ]


def _of_tenant(repository: Repository, tenant: Tenant) -> list[str]:
    if not tenant.recipients:
        return []
    named = {name: asked(repository, name, tenant) for name in repository.environments if name in tenant.environments}
    return [
        _rule(f"{_literal(tenant.folder)}/{_literal(name)}", for_)
        for name, for_ in named.items()
        if for_ != asked(repository, name, None)
    ]


def _rule(folder: str, recipients: tuple[Recipient, ...]) -> str:
    keys = ",\n      ".join(each.key for each in recipients)
    # Up to 3.10 SOPS takes no list here, only text with commas.
    return f"{_RULE}'^{folder}/[^/]+\\.secrets\\.yaml$'\n    age: >-\n      {keys}\n"


def _start(folder: str) -> str:
    return f"{_RULE}'^{_literal(folder)}/"


def _literal(name: str) -> str:
    return "".join(f"\\{each}" if each in _SPECIAL else each for each in name).replace("'", "''")
