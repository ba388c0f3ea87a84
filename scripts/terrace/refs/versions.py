"""Versions in references: one that names the version which it means stays at that one, whatever is written after it."""

from __future__ import annotations

from terrace.model.reference import Reference

_NAMES = {"vault": "version", "awssecrets": "version_id", "awsssm": "version"}


def is_pinned(reference: Reference) -> bool:
    """Whether a reference names a version, rather than whatever is the current one."""
    return any(name.startswith("version") for name, _ in reference.parameters)


def unpinned(reference: Reference) -> Reference:
    """The same reference to whatever is the current version."""
    kept = tuple((name, value) for name, value in reference.parameters if not name.startswith("version"))
    return reference._replace(parameters=kept)


def pinned(reference: Reference, version: str) -> Reference:
    """The same reference to one version, as its store names it."""
    named = (*unpinned(reference).parameters, (_NAMES[reference.store], version))
    return reference._replace(parameters=tuple(sorted(named)))
