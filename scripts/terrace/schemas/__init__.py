"""The JSON Schemas and editor settings that the contracts of a repository lead to, as files.

schemas/backend.py  ->  schemas/generated/backend.schema.json    the whole contract
                        schemas/generated/backend.layer.json     for one plain file
                        schemas/generated/backend.secrets.json   for one secrets file
all contracts       ->  shared.layer.json, shared.secrets.json, editor settings
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from terrace.schemas.check import contract_findings, problems
    from terrace.schemas.contracts import contract_path, contract_schema, model_of, services
    from terrace.schemas.files import export, write
    from terrace.schemas.locate import locate_field

__all__ = [
    "contract_findings",
    "contract_path",
    "contract_schema",
    "export",
    "locate_field",
    "model_of",
    "problems",
    "services",
    "write",
]

_LATER = {
    "contract_findings": "check",
    "contract_path": "contracts",
    "contract_schema": "contracts",
    "export": "files",
    "locate_field": "locate",
    "model_of": "contracts",
    "problems": "check",
    "services": "contracts",
    "write": "files",
}


def __getattr__(name: str) -> Any:
    # A contract's own rules are asked by way of this package, and most answers are known without pydantic.
    if name not in _LATER:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"terrace.schemas.{_LATER[name]}"), name)
