"""Where source trees ask for flags: which key, with which default and type, in which line."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from terrace.flags.code.constants import Constants, imported
from terrace.flags.code.files import source_files, text_of
from terrace.flags.code.python import Module, found_in_python, module_of
from terrace.flags.code.reference import Computed, Found, Note, Reference, together
from terrace.flags.code.text import asks, found_in_text

_PYTHON = (".py", ".pyi")


class Scan(NamedTuple):
    """What source trees say of flags. `folders` are those that were looked at, `files` how many files they have."""

    folders: tuple[str, ...] = ()
    files: int = 0
    references: tuple[Reference, ...] = ()
    computed: tuple[Computed, ...] = ()
    notes: tuple[Note, ...] = ()

    def of(self) -> dict[str, list[Reference]]:
        """The places by key."""
        found: dict[str, list[Reference]] = {}
        for each in self.references:
            found.setdefault(each.key, []).append(each)
        return found


def scan(folders: Sequence[Path], keys: Collection[str], *, root: Path, but: Path | None = None) -> Scan:
    """Every call of OpenFeature's clients in the files below `folders`, and every one of `keys` in quotes.

    Paths are told relative to `root`. What stands in the folder `but` is passed by: it holds the flags themselves.
    """
    known = frozenset(keys)
    found: list[Found] = []
    seen: set[str] = set()
    for folder in folders:
        texts: dict[str, str] = {}
        top = os.path.relpath(folder, root)
        for path in source_files(folder, but):
            shown = path if top == "." else f"{top}/{path}"
            if shown in seen:
                continue
            seen.add(shown)
            text = text_of(folder, path)
            if isinstance(text, Note):
                found.append(Found(notes=(text._replace(path=shown),)))
            elif text is not None:
                texts[shown] = text
        found += _found(texts, known)
    whole = together(found)
    names = tuple(os.path.relpath(folder, root) for folder in folders)
    order = sorted(whole.references, key=lambda each: (each.path, each.span))
    return Scan(names, len(seen), tuple(order), tuple(sorted(whole.computed)), whole.notes)


def _found(texts: dict[str, str], keys: frozenset[str]) -> list[Found]:
    found: list[Found] = []
    modules: dict[str, Module] = {}
    for path, text in texts.items():
        module = module_of(path, text) if path.endswith(_PYTHON) and _is_worth_parsing(text) else None
        if isinstance(module, Module):
            modules[path] = module
            continue
        if module is not None:
            found.append(Found(notes=(module,)))
        found.append(found_in_text(path, text, keys))
    named = _named({path: each.constants for path, each in modules.items()}, texts)
    for path, module in modules.items():
        found.append(found_in_python(module, texts[path], keys, imported(module.constants, named)))
    return found


def _is_worth_parsing(text: str) -> bool:
    """Whether syntax tells more than text: parsing takes most of the time of a search."""
    return asks(text) or "terrace_flags" in text or "terrace.runtime.testing" in text


def _named(known: dict[str, Constants], texts: dict[str, str]) -> dict[str, Constants]:
    """The constants of modules by every end of their dotted names, of those alone from which something is imported."""
    wanted = {name for each in known.values() for pair in each.imports.values() for name in (pair[0], ".".join(pair))}
    wanted = {name.strip(".") for name in wanted}
    found: dict[str, Constants] = {}
    for path, text in texts.items():
        if not path.endswith(_PYTHON):
            continue
        ends = _ends(path)
        if wanted.isdisjoint(ends):
            continue
        constants = known.get(path)
        if constants is None:
            module = module_of(path, text)
            if isinstance(module, Note):
                continue
            constants = module.constants
        for name in wanted & ends:
            found.setdefault(name, constants)
    return found


def _ends(path: str) -> set[str]:
    parts = path.rsplit(".", 1)[0].removesuffix("/__init__").split("/")
    return {".".join(parts[at:]) for at in range(len(parts))}
