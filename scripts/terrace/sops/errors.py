"""Why an encrypted file could not be read or written, one exception for each thing that a person would do about it.

SecretsError             (terrace.errors)
  NotEncryptedError      the file holds no SOPS metadata: it was never encrypted
  DamagedError           the file is not what SOPS writes: broken YAML, incomplete metadata, values in the open
  TamperedError          the file is well-formed, and its MAC or a value's does not fit: something was changed
  NoKeyError             no identity at hand opens the file
  NeedsBinaryError       only the `sops` program can do this, and it is not installed, or could not either
  NotWritableError       SOPS could not read back what was to be written
    NotSelectedError     the value would stand in the open: the file's rule does not encrypt its place
"""

from __future__ import annotations

from terrace.errors import SecretsError
from terrace.model.source import Location, Pointer, Span, dotted


class SopsError(SecretsError):
    """What all these have: the file (empty if it has no name), the place, and the pointer, where they are known."""

    def __init__(
        self, message: str, *, file: str = "", span: Span | None = None, pointer: Pointer = (), hint: str = ""
    ) -> None:
        place = f"{dotted(pointer)}: " if pointer else ""
        where = f"{Location(file, span)}: " if file else f"line {span.line}: " if span else ""
        super().__init__(f"{where}{place}{message}", hint=hint)
        self.file = file
        self.span = span
        self.pointer = pointer


class NotEncryptedError(SopsError):
    """The file holds no SOPS metadata."""


class DamagedError(SopsError):
    """The file is not what SOPS writes."""


class TamperedError(SopsError):
    """Something in the file was changed without the key."""


class NoKeyError(SopsError):
    """No identity at hand opens the file."""


class NeedsBinaryError(SopsError):
    """Only the `sops` program can do this."""


class NotWritableError(SopsError):
    """SOPS could not read back what was to be written."""


class NotSelectedError(NotWritableError):
    """The value would stand in the open."""
