"""Refusing to go on where a file that counts could not be read: what it says would silently be missing."""

from __future__ import annotations

from collections.abc import Iterable

from terrace.errors import RefusedError
from terrace.model.entities import Files
from terrace.model.findings import Finding
from terrace.model.recipients import FILE as REGISTER
from terrace.model.sealed_files import is_secrets

_NO_FILES = ("SYN015", "SYN016")
"""A link, a FIFO: what could not be read may have been a whole folder."""
_DESCRIPTORS = ("environment.yaml", "tenant.yaml", REGISTER)


def refuse_unread(read: Iterable[Files], *, secrets_only: bool = False) -> None:
    """Refuse where something was not read; with `secrets_only` layers of plain values do not matter."""
    for files in read:
        for finding in files.findings:
            if finding.code.startswith("SYN") and (not secrets_only or _concerns_secrets(finding)):
                raise RefusedError(
                    f"{finding.location}: {finding.message}", hint="`terrace validate` shows everything."
                )


def _concerns_secrets(finding: Finding) -> bool:
    path = finding.location.path
    name = path.rsplit("/", 1)[-1]
    return finding.code in _NO_FILES or is_secrets(path) or name in _DESCRIPTORS
