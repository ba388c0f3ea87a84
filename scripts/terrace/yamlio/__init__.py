"""The only door to YAML: strict reading with positions, and edits that change only the bytes they must."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terrace.yamlio.read import load, read

if TYPE_CHECKING:
    from terrace.yamlio.edit import set_value, unset
    from terrace.yamlio.write import Flow, Plain, dump, dump_flow, dump_scalar, render

__all__ = ["Flow", "Plain", "dump", "dump_flow", "dump_scalar", "load", "read", "render", "set_value", "unset"]

_LATER = {
    "set_value": "edit",
    "unset": "edit",
    "Flow": "write",
    "Plain": "write",
    "dump": "write",
    "dump_flow": "write",
    "dump_scalar": "write",
    "render": "write",
}


def __getattr__(name: str) -> Any:
    # Most commands only read, and must start quickly.
    if name not in _LATER:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"terrace.yamlio.{_LATER[name]}"), name)
