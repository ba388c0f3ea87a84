"""The secrets files of a target, in the order of its layers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from terrace.layering import environment_folders, tenant_folders
from terrace.model.layers import LayerKind
from terrace.model.service import Contract
from terrace.model.source import Document, Pointer
from terrace.model.variants import only_secret
from terrace.validate.later import later
from terrace.validate.rule import LayerFile, TargetView

if TYPE_CHECKING:
    from terrace import sops

SOPS = "sops"
"""The section in which SOPS keeps its own notes."""

_ENCRYPTED = later(r"ENC\[AES256_GCM,data:[^,\]]*,iv:[^,\]]+,tag:[^,\]]+,type:[a-z]+\]")


class Sealed(NamedTuple):
    """A secrets file of a target; `weaker` are the folders whose layers are weaker than it, or beside it."""

    document: Document
    weaker: frozenset[str]


def secrets_of(view: TargetView) -> Iterator[Sealed]:
    """The target's secrets files, weakest first."""
    environment, service = view.config.target.environment, view.config.target.service
    folders = list(environment_folders(view.repository, environment))
    if view.tenant:
        folders += tenant_folders(view.repository, environment, view.tenant)
    seen: set[str] = set()
    for folder in folders:
        seen.add(folder.path)
        files = view.tenant.files if view.tenant and folder.kind is LayerKind.TENANT else view.repository.files
        for name in ("shared", service):
            for document in files.secrets_of(folder.path, name):
                yield Sealed(document, frozenset(seen))


def values_of(document: Document) -> dict[str, Any]:
    """What a secrets file says, without the notes of SOPS."""
    return {name: value for name, value in document.value.items() if name != SOPS}


def inspected(file: LayerFile) -> sops.Sealed | None:
    """What a secrets file shows without a key; None if it was never encrypted, which is a finding of its own."""
    found = _inspected(file.document.text)
    return found if found.is_encrypted else None


@lru_cache(maxsize=4)  # the rules on secrets files all look at one file, then at the next
def _inspected(text: str) -> sops.Sealed:
    from terrace.sops import inspect

    return inspect(text)


def is_in_place(file: LayerFile) -> bool:
    """Whether a secrets file lies where secrets may; elsewhere nobody can say who should open it."""
    return file.kind in ("environment", "tenant") and file.environment in file.repository.environments


def is_encrypted(value: object) -> bool:
    """Whether a value is as SOPS leaves it: encrypted, or an empty text, which it does not encrypt."""
    return value == "" or (isinstance(value, str) and _ENCRYPTED.fullmatch(value) is not None)


def says(values: object, pointer: Pointer) -> bool:
    """Whether there is a value at `pointer`."""
    for part in pointer:
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return values is not None


def is_wanted(contract: Contract, values: Any, pointer: Pointer) -> bool:
    """Whether the section of a secret is there: set, or required and all secret, so that no plain file shows it."""
    section = contract.root
    for part in pointer[:-1]:
        values = values.get(part) if isinstance(values, dict) else None
        inner = section.child(part)
        if inner is None or not (isinstance(values, dict) or (part in section.required and only_secret(inner))):
            return False
        section = inner
    return True
