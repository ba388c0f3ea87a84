"""Opening what is encrypted, each time with a record in the audit log first: the same for commands and applications."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terrace.errors import AuditError
from terrace.model.secret import Secret
from terrace.model.source import Pointer

if TYPE_CHECKING:
    from terrace.audit import Log
    from terrace.sops import Identities, Opened

FOLDER = "TERRACE_AUDIT_LOG"
"""The variable that names another folder for the audit log."""

Scalar = str | bytes | int | float | bool
_IN_MEMORY = (0x01021994, 0x858458F6)
"""What the kernel calls tmpfs and ramfs."""


class Keyholder:
    """Opens secrets for one process, with the private keys at hand. The audit log is required: no record, no value.

    `command` and `reason` come to stand in the log, which never lies in `repository`. `problems` collects what went
    wrong with sinks of the log; the openings themselves were recorded.
    """

    def __init__(
        self, command: str, reason: str, environ: Mapping[str, str], *, repository: Path | None = None
    ) -> None:
        self._command = command
        self._reason = reason
        self._environ = environ
        self._repository = repository
        self.problems: list[str] = []

    @cached_property
    def identities(self) -> Identities:
        """The private keys at hand."""
        from terrace.sops import find_identities

        return find_identities(self._environ, Path(self._environ.get("HOME") or "/nonexistent"))

    @cached_property
    def log(self) -> Log:
        """The audit log."""
        from terrace.audit import Log

        return Log(log_folder(self._environ), required=True, repository=self._repository)

    @property
    def identity(self) -> str:
        """Who this is, as far as it is known beside the user of the operating system; for the log."""
        return ""

    @property
    def commit(self) -> str:
        """The commit that what is opened is of; empty where nobody knows."""
        return ""

    def open(self, path: str, text: str) -> Opened:
        """The opened file: for who may change it. One that only the `sops` program opens is that one's."""
        from terrace.sops import open_
        from terrace.sops.errors import NeedsBinaryError

        opened: list[Opened] = []

        def open_it() -> Mapping[Pointer, Scalar]:
            opened.append(open_(text, self.identities, name=path))
            return by_place(opened[0].values)

        try:
            self.release(path, open_it)
        except NeedsBinaryError as error:
            # The message has the file's name already.
            raise NeedsBinaryError(error.message, hint=f"It is changed with: sops edit {path}. {error.hint}") from None
        return opened[0]

    def values(self, path: str, text: str, commit: str = "", *, reason: str = "") -> dict[str, Any]:
        """The values of an encrypted file, nested, each a `Secret`; by the `sops` program where only that can."""
        from terrace.sops import values_of

        opened: list[dict[str, Any]] = []

        def open_it() -> Mapping[Pointer, Scalar]:
            opened.append(values_of(text, self.identities, self._environ, name=path))
            return by_place(opened[0])

        self.release(path, open_it, commit, reason=reason)
        return opened[0]

    def release(
        self, what: str, give: Callable[[], Mapping[Pointer, Scalar]], commit: str = "", *, reason: str = ""
    ) -> Mapping[Pointer, Scalar]:
        """What `give` gives, once the log has the record that `what` was opened, for this `reason` if there is one."""
        from terrace.audit import Opening, whoami

        why = reason or self._reason
        opening = Opening(whoami(self.identity), self._command, why, what, commit or self.commit)
        values, written = self.log.release(opening, give)
        if written.problem:
            self.problems.append(written.problem)
        return values


def log_folder(environ: Mapping[str, str]) -> str:
    """The folder of the audit log: the one that `TERRACE_AUDIT_LOG` names, else the user's own."""
    from terrace.audit import default_folder

    named = environ.get(FOLDER, "")
    if named and not named.startswith("/"):
        raise AuditError(f"{FOLDER} is not an absolute path", hint=f"Write {FOLDER}=/var/log/terrace/audit.")
    return named or default_folder(environ)


def by_place(values: Mapping[str, Any]) -> dict[Pointer, Scalar]:
    """Opened values by place, as they are: for fingerprints, and for whoever answers for where they go."""
    found: dict[Pointer, Scalar] = {}
    stack: list[tuple[Pointer, object]] = [((), values)]
    while stack:
        pointer, value = stack.pop()
        if isinstance(value, Mapping):
            stack += [((*pointer, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            stack += [((*pointer, index), inner) for index, inner in enumerate(value)]
        else:
            plain = value.reveal() if isinstance(value, Secret) else value
            if isinstance(plain, str | bytes | int | float | bool):
                found[pointer] = plain
    return dict(sorted(found.items(), key=lambda item: [str(part) for part in item[0]]))


def in_memory(folder: str) -> bool:
    """Whether a folder lies on a file system that is kept in memory, as the kernel says: where plain text may stand."""
    import ctypes

    buffer = ctypes.create_string_buffer(512)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.statfs(os.fsencode(folder), buffer) != 0:
        return False
    return (ctypes.c_long.from_buffer(buffer).value & 0xFFFFFFFF) in _IN_MEMORY
