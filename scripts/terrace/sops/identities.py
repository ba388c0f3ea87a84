"""Private keys for opening files, from every place where SOPS looks for them; all are used together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pyrage

_X25519 = "AGE-SECRET-KEY-1"
_FOREIGN = {"AGE-SECRET-KEY-PQ-1": "a post-quantum identity", "AGE-PLUGIN-": "an identity of an age plugin"}
_ENCRYPTED = ("age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE-----")
_SSH_FILES = ("id_ed25519", "id_rsa")
_COMMAND_SECONDS = 60
AUDIT_FILE = "/etc/sops/audit.yaml"
_KEY_SERVICE = ("SOPS_KEYSERVICE", "SOPS_ENABLE_LOCAL_KEYSERVICE")


class Identity:
    """A private key, its recipient (empty where only the key is known), and the source it came from."""

    __slots__ = ("key", "recipient", "source")

    def __init__(self, key: pyrage.x25519.Identity | pyrage.ssh.Identity, recipient: str, source: str) -> None:
        self.key = key
        self.recipient = recipient
        self.source = source

    def __repr__(self) -> str:
        return f"Identity({self.recipient or 'ssh'} from {self.source})"


class Source(NamedTuple):
    """A place that was looked at, and what came of it, in words."""

    name: str
    outcome: str


class Identities(NamedTuple):
    """The keys at hand. `foreign` are those that only the `sops` program can use, in words.

    `delegate` is why this host wants every file opened by that program; then nothing is opened here.
    """

    usable: tuple[Identity, ...]
    foreign: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    delegate: tuple[str, ...] = ()

    def described(self) -> str:
        """What was looked at and what was found, for whoever misses a key."""
        if not self.sources:
            return "No identity was looked for."
        return f"Looked at {'; '.join(f'{name}: {outcome}' for name, outcome in self.sources)}."


class _UnusableError(Exception):
    """Why nothing can be had from a source."""


class _ForeignError(_UnusableError):
    """Why only the `sops` program can use a source."""


def of(*keys: str) -> Identities:
    """Identities from the text of private keys, age's or SSH's. Raises ValueError, without the text, for others."""
    try:
        usable = tuple(identity for text in keys for identity in _of_text(text, "given"))
    except _UnusableError as error:
        raise ValueError(str(error)) from None
    return Identities(usable)


def find(environ: Mapping[str, str], home: Path, *, audit_file: str = AUDIT_FILE) -> Identities:
    """The identities that SOPS would use with these variables and this home folder.

    A source that cannot be read spoils only itself, and is described. Commands are run, as SOPS runs them.
    """
    usable: list[Identity] = []
    foreign: list[str] = []
    sources: list[Source] = []
    for name, read in _sources(environ, home):
        try:
            found = read()
        except _ForeignError as error:
            foreign.append(f"{error} ({name})")
            sources.append(Source(name, str(error)))
        except _UnusableError as error:
            sources.append(Source(name, str(error)))
        else:
            usable += found
            sources.append(Source(name, f"{len(found)} {'identity' if len(found) == 1 else 'identities'}"))
    return Identities(tuple(usable), tuple(foreign), tuple(sources), tuple(_delegate(environ, audit_file)))


def _delegate(environ: Mapping[str, str], audit_file: str) -> Iterator[str]:
    import os

    if os.path.exists(audit_file):  # noqa: PTH110  # a process that opens one file need not load pathlib
        yield f"{audit_file} asks for SOPS's own audit"
    for name in _KEY_SERVICE:
        if environ.get(name):
            yield f"{name} is set"


if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[], list[Identity]]


def _sources(environ: Mapping[str, str], home: Path) -> Iterator[tuple[str, Read]]:
    """Every source that is set or there, with how to read it."""
    if (text := environ.get("SOPS_AGE_KEY")) is not None:
        yield "SOPS_AGE_KEY", lambda: _of_variable(text, "SOPS_AGE_KEY")
    if named := environ.get("SOPS_AGE_KEY_FILE"):
        yield f"SOPS_AGE_KEY_FILE ({named})", lambda: _of_file(named)
    if command := environ.get("SOPS_AGE_KEY_CMD"):
        yield "SOPS_AGE_KEY_CMD", lambda: _of_text(_output(command, environ), "SOPS_AGE_KEY_CMD")
    keys = keys_file(environ, home)
    yield keys, lambda: _of_file(keys)
    if ssh := environ.get("SOPS_AGE_SSH_PRIVATE_KEY_FILE"):
        yield f"SOPS_AGE_SSH_PRIVATE_KEY_FILE ({ssh})", lambda: _of_file(ssh)
    if ssh_command := environ.get("SOPS_AGE_SSH_PRIVATE_KEY_CMD"):
        name = "SOPS_AGE_SSH_PRIVATE_KEY_CMD"
        yield name, lambda: _of_text(_output(ssh_command, environ), name)
    for file in _SSH_FILES:
        path = str(home / ".ssh" / file)
        yield path, lambda path=path: _of_file(path)  # type: ignore[misc]  # a default binds the loop's variable


def keys_file(environ: Mapping[str, str], home: Path) -> str:
    """The file of a person's own age keys, which SOPS reads without being told."""
    return f"{_config(environ, home)}/sops/age/keys.txt"


def _config(environ: Mapping[str, str], home: Path) -> str:
    import sys

    if sys.platform == "win32":
        return environ.get("APPDATA", "")
    if named := environ.get("XDG_CONFIG_HOME"):
        return named
    return str(home / ("Library/Application Support" if sys.platform == "darwin" else ".config"))


def _of_file(path: str) -> list[Identity]:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        raise _UnusableError("not there") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise _UnusableError(f"cannot be read ({reason})") from None
    return _of_text(text, path)


def _output(command: str, environ: Mapping[str, str]) -> str:
    import shlex
    import subprocess

    try:
        done = subprocess.run(  # no shell, as in SOPS
            shlex.split(command), env=dict(environ), stdout=subprocess.PIPE, check=True, timeout=_COMMAND_SECONDS
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise _UnusableError(f"the command failed ({type(error).__name__})") from None
    return done.stdout.decode("utf-8", "replace")


def _of_variable(text: str, source: str) -> list[Identity]:
    # Newer versions take several on one line here, and blanks around them.
    return _of_text("\n".join(part for line in text.splitlines() for part in _parts(line)), source)


def _parts(line: str) -> list[str]:
    return [] if line.lstrip().startswith("#") else line.split()


def _of_text(text: str, source: str) -> list[Identity]:
    """The identities in a text: age's, one a line with comments, or one of SSH."""
    if text.startswith(_ENCRYPTED):
        raise _ForeignError("identities behind a passphrase")
    if "PRIVATE KEY-----" in text[:200]:
        return [_ssh(text, source)]
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line and not line.startswith("#"):
            found.append(_x25519(line, f"line {number}", source))
    return found


def _x25519(line: str, place: str, source: str) -> Identity:
    import pyrage

    for prefix, words in _FOREIGN.items():
        if line.startswith(prefix):
            raise _ForeignError(words)
    if not line.startswith(_X25519) or line != line.upper():
        raise _UnusableError(f"{place} is no identity, so none of its are used")
    try:
        key = pyrage.x25519.Identity.from_str(line)
    except pyrage.IdentityError:
        raise _UnusableError(f"{place} is a damaged identity, so none of its are used") from None
    return Identity(key, str(key.to_public()), source)


def _ssh(text: str, source: str) -> Identity:
    import pyrage

    if "ENCRYPTED" in text or _has_passphrase(text):
        raise _ForeignError("an SSH key behind a passphrase")
    try:
        key = pyrage.ssh.Identity.from_buffer(text.encode("utf-8"))
    except pyrage.IdentityError:
        raise _UnusableError("is no SSH key of a kind that age uses") from None
    return Identity(key, _public_beside(source), source)


def _has_passphrase(text: str) -> bool:
    """Whether a key in OpenSSH's own form is encrypted: the name of its cipher stands at the beginning."""
    from base64 import b64decode

    body = "".join(line for line in text.splitlines() if not line.startswith("-----"))
    try:
        head = b64decode(body[:64])
    except ValueError:
        return False
    return head.startswith(b"openssh-key-v1\0") and not head[15:].startswith(b"\0\0\0\x04none")


def _public_beside(source: str) -> str:
    """The recipient in the `.pub` file beside an SSH key, as files name it; empty if there is none."""
    try:
        with open(source + ".pub", encoding="utf-8") as file:
            return " ".join(file.read().split()[:2])
    except (OSError, UnicodeDecodeError):
        return ""
