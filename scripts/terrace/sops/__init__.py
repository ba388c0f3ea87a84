"""SOPS files: read without a key, opened with one, made and changed. The only door to ciphertext.

    inspect(text)                           what stands where, who can open it, and every problem; needs no key
    open_(text, identities)                 the values, after the MAC was verified
    create(values, recipients, now=...)     the text of a new file
    opened.changed({pointer: value}, now)   the text with only that changed; REMOVED for a value takes it away
    values_of(text, identities, environ)    the values, by the sops program where only that can open the file
    rewrap, rotate_data_key                 the text for other recipients, with the same or a new data key
    find_identities(environ, home)          the private keys at hand

Nothing here writes a file, prints, or reads the clock. Everything that goes wrong is a
`terrace.sops.errors.SopsError`. What is imported, is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from terrace.sops.identities import Identities
    from terrace.sops.identities import find as find_identities
    from terrace.sops.opened import Opened, open_
    from terrace.sops.program import values_of
    from terrace.sops.rekey import rewrap, rotate_data_key
    from terrace.sops.scalars import Timestamp
    from terrace.sops.sealed import Sealed, inspect
    from terrace.sops.selectors import Selector
    from terrace.sops.splice import REMOVED
    from terrace.sops.write import create

__all__ = [
    "REMOVED",
    "Identities",
    "Opened",
    "Sealed",
    "Selector",
    "Timestamp",
    "create",
    "find_identities",
    "inspect",
    "open_",
    "rewrap",
    "rotate_data_key",
    "values_of",
]

_FROM = {
    "REMOVED": ("splice", "REMOVED"),
    "Identities": ("identities", "Identities"),
    "Opened": ("opened", "Opened"),
    "Sealed": ("sealed", "Sealed"),
    "Selector": ("selectors", "Selector"),
    "Timestamp": ("scalars", "Timestamp"),
    "create": ("write", "create"),
    "find_identities": ("identities", "find"),
    "open_": ("opened", "open_"),
    "inspect": ("sealed", "inspect"),
    "values_of": ("program", "values_of"),
    "rewrap": ("rekey", "rewrap"),
    "rotate_data_key": ("rekey", "rotate_data_key"),
}


def __getattr__(name: str) -> Any:
    # Most commands need no secret, and must start quickly.
    if name not in _FROM:
        raise AttributeError(name)
    from importlib import import_module

    module, attribute = _FROM[name]
    return getattr(import_module(f"terrace.sops.{module}"), attribute)
