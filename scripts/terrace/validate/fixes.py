"""Fixes that take something out of a file, as the one edit that does it."""

from __future__ import annotations

from terrace import yamlio
from terrace.errors import TerraceError
from terrace.model.findings import Edit, Fix
from terrace.model.source import Document, Pointer, dotted


def removal(document: Document, pointer: Pointer) -> Fix | None:
    """The fix that takes the entry at `pointer` out of a file; None where that cannot be done, or leaves no file."""
    try:
        text = yamlio.unset(document, pointer)
    except TerraceError:
        return None
    _, findings = yamlio.read(document.path, text.encode())
    if findings:
        return None
    return Fix(f"Remove {dotted(pointer)}", (_difference(document, text),))


def _difference(document: Document, new: str) -> Edit:
    """The shortest single edit that makes the document's text the `new` one."""
    old = document.text
    limit = min(len(old), len(new))
    start = next((at for at in range(limit) if old[at] != new[at]), limit)
    limit -= start
    end = next((at for at in range(limit) if old[-1 - at] != new[-1 - at]), limit)
    return Edit(document.path, start, len(old) - end, new[start : len(new) - end])
