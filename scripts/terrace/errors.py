"""What we could not do, as exceptions, and the exit codes of the program.

What the *user* got wrong is a `terrace.model.findings.Finding`, a value. These stop us:

    TerraceError                 exit 3  could not do the work
      UsageError                 exit 2  wrong use of the command line
      SourceError                exit 3  the folder or revision cannot be read
      GitError                   exit 3  Git refused, or is not there
      BundleError                exit 3  a bundle is damaged, of another format, or not a bundle
        SignatureError           exit 3  a bundle is not signed by who is trusted, or a key cannot be used
      SecretsError               exit 3  an encrypted file cannot be read or written; its kinds are in terrace.sops
      DestinationError           exit 3  the destination cannot be read or written
        LockedError              exit 3  another deployer holds the destination
        HeldError                exit 1  a rollback holds this change back
      AuditError                 exit 3  an opening cannot be put into the audit log, so nothing is opened
      FlagError                  exit 3  a flag cannot be compiled, brought in or asked
      StoreError                 exit 3  a reference's value cannot be had from its store, or put there
      ConfigError                exit 3  an application's configuration is not right: everything that is wrong with it
      RefusedError               exit 1  the work was refused: findings, a dirty tree, a protected environment
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple


class ExitCode(IntEnum):
    """The exit codes of every command."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    FAILED = 3
    BUG = 4
    INTERRUPTED = 130
    UNREAD = 141
    """Who read our output has left, as `head` does: what a shell says of a program that SIGPIPE ended."""


class TerraceError(Exception):
    """We could not do the work: one clear line, and a hint that says what to do about it."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def whole(self) -> str:
        """The message with all that belongs to it, a line for each; one line, as a rule."""
        return self.message


class UsageError(TerraceError):
    """The command line makes no sense."""

    exit_code = ExitCode.USAGE


class SourceError(TerraceError):
    """The folder or revision that holds the configuration cannot be read."""


class GitError(TerraceError):
    """Git refused, or is not installed."""


class BundleError(TerraceError):
    """A bundle is damaged, of a newer format, or not a bundle at all."""


class SignatureError(BundleError):
    """A bundle is not signed by anybody who is trusted, or a key cannot be used. No message holds a private key."""


class SecretsError(TerraceError):
    """An encrypted file cannot be read or written."""


class DestinationError(TerraceError):
    """A destination cannot be read or written."""


class AuditError(TerraceError):
    """An opening of secrets cannot be put into the audit log, or the log cannot be read."""


class StoreError(TerraceError):
    """The value of a reference cannot be had from its store, or put there. The message never holds a value."""


class FlagError(TerraceError):
    """A feature flag cannot be compiled, brought in from elsewhere, or asked."""


class Problem(NamedTuple):
    """One thing that is wrong with an application's configuration: where in it, what, and where that was said.

    `origin` is a file with line and column, an encrypted file, or a variable; empty where nothing says it.
    """

    path: str
    message: str
    origin: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" + (f"\n    {self.origin}" if self.origin else "")


class ConfigError(TerraceError):
    """An application's configuration is not right, so there is none. Printed, it lists all that is wrong."""

    def __init__(self, message: str, problems: Iterable[Problem] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)

    @property
    def whole(self) -> str:
        """The message, and each problem on lines of its own."""
        return "\n".join([self.message, *(f"  {each}" for each in self.problems)])

    def __str__(self) -> str:
        return f"{self.whole}\n{self.hint}" if self.hint else self.whole


class LockedError(DestinationError):
    """Another deployer holds the destination."""


class RefusedError(TerraceError):
    """The work could be done and must not be: findings, a dirty tree, a protected environment."""

    exit_code = ExitCode.FINDINGS


class HeldError(DestinationError):
    """A rollback holds back a change that this release would bring in again."""

    exit_code = ExitCode.FINDINGS
