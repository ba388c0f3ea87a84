"""Opening secrets files for one command: with the keys at hand, and each with a record in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.errors import AuditError
from terrace.model.source import Pointer

if TYPE_CHECKING:
    from terrace.audit import Log
    from terrace.sops import Identities, Opened

FOLDER = "TERRACE_AUDIT_LOG"
"""The variable that names another folder for the audit log."""

Scalar = str | bytes | int | float | bool


def log_folder(environ: Mapping[str, str]) -> str:
    """The folder of the audit log: the one that `TERRACE_AUDIT_LOG` names, else the user's own."""
    from terrace.audit import default_folder

    named = environ.get(FOLDER, "")
    if named and not named.startswith("/"):
        raise AuditError(f"{FOLDER} is not an absolute path", hint=f"Write {FOLDER}=/var/log/terrace/audit.")
    return named or default_folder(environ)


class Opener:
    """Opens secrets for one command. `command` and `reason` come to stand in the audit log, which is required.

    `problems` collects what went wrong with sinks of the log; the openings themselves were recorded.
    """

    def __init__(self, root: Path, command: str, reason: str, environ: Mapping[str, str]) -> None:
        self._root = root
        self._command = command
        self._reason = reason
        self._environ = environ
        self.problems: list[str] = []

    @cached_property
    def identities(self) -> Identities:
        """The private keys at hand."""
        from terrace.sops import find_identities

        return find_identities(self._environ, Path(self._environ.get("HOME") or "/nonexistent"))

    @cached_property
    def log(self) -> Log:
        """The audit log, which is never in the repository."""
        from terrace.audit import Log

        return Log(log_folder(self._environ), required=True, repository=self._root)

    @cached_property
    def commit(self) -> str:
        """The commit that is checked out; empty outside of Git."""
        from terrace import git

        found = git.find(self._root)
        head = found.head() if found else None
        return head.oid if head else ""

    def open(self, path: str, text: str) -> Opened:
        """The opened file, recorded: for who may change it. One that only the `sops` program opens is that one's."""
        from terrace.secrets.store import open_audited
        from terrace.sops.errors import NeedsBinaryError

        said = {"command": self._command, "reason": self._reason, "commit": self.commit}
        try:
            opened, written = open_audited(path, text, self.identities, self.log, **said)
        except NeedsBinaryError as error:
            # The message has the file's name already.
            raise NeedsBinaryError(error.message, hint=f"It is changed with: sops edit {path}. {error.hint}") from None
        self._heed(written.problem)
        return opened

    def values(self, path: str, text: str) -> Mapping[Pointer, Scalar]:
        """The values of a file in the open, recorded; by the `sops` program where only that can open it."""
        from terrace.secrets.store import values_audited

        said = {"command": self._command, "reason": self._reason, "commit": self.commit}
        values, written = values_audited(path, text, self.identities, self._environ, self.log, **said)
        self._heed(written.problem)
        return values

    def release(self, what: str, give: Callable[[], Mapping[Pointer, Scalar]]) -> Mapping[Pointer, Scalar]:
        """What `give` gives, recorded as an opening of `what`: for values that stand in no file."""
        from terrace.audit import Opening, whoami

        opening = Opening(whoami(), self._command, self._reason, what, self.commit)
        values, written = self.log.release(opening, give)
        self._heed(written.problem)
        return values

    def _heed(self, problem: str) -> None:
        if problem:
            self.problems.append(problem)
