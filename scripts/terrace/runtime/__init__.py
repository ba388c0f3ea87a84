"""The loader that applications import: a sealed bundle becomes a typed, frozen object, or one error says all.

    from terrace.runtime import load

    config = load(BackendConfig)                    # or ConfigError: print it and exit

    with watch(BackendConfig) as handle:            # the same, followed while the process runs
        handle.current.database.pool_max
        handle.for_tenant("acme").database.pool_max

It reads bundles and nothing else: no Git, no repository, no command line. What is imported, is imported
when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from terrace.errors import ConfigError, Problem
    from terrace.runtime.handle import Handle
    from terrace.runtime.revision import Revision
    from terrace.runtime.start import load, watch
    from terrace.runtime.status import Change, Status

__all__ = ["Change", "ConfigError", "Handle", "Problem", "Revision", "Status", "load", "watch"]

_FROM = {
    "Change": "runtime.status",
    "ConfigError": "errors",
    "Handle": "runtime.handle",
    "Problem": "errors",
    "Revision": "runtime.revision",
    "Status": "runtime.status",
    "load": "runtime.start",
    "watch": "runtime.start",
}


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"terrace.{_FROM[name]}"), name)
