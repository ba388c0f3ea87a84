"""The key that seals the records and makes the fingerprints: 32 random bytes in a file that only its owner reads."""

from __future__ import annotations

import hmac
import os
import secrets
from typing import NamedTuple

from terrace.errors import AuditError

_SIZE = 32
_SEALING, _MARKING, _NAMING = b"terrace audit seal 1", b"terrace audit fingerprint 1", b"terrace audit name 1"


class Key(NamedTuple):
    """What is derived from the key file: a name that may be shown, and one key for each use."""

    name: str
    sealing: bytes
    marking: bytes

    def seal(self, body: bytes) -> str:
        """The seal of one record's bytes."""
        return hmac.digest(self.sealing, body, "sha256").hex()

    def fingerprint(self, value: str | bytes | int | float | bool) -> str:
        """What stands in the log in place of a value: equal values have equal ones, and only the key makes them."""
        data = value if isinstance(value, bytes) else _text(value).encode("utf-8", "surrogatepass")
        return hmac.digest(self.marking, data, "sha256").hex()


def read_key(path: str) -> Key | None:
    """The key at `path`; None where there is none yet. One that others may read is refused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuditError(f"cannot read the audit key {path}: {error.strerror}") from error
    try:
        mode = os.fstat(descriptor).st_mode & 0o777
        data = os.read(descriptor, 4096)
    finally:
        os.close(descriptor)
    if mode & 0o077:
        raise AuditError(f"the audit key {path} can be read by others (mode {mode:o})", hint=f"chmod 600 {path}")
    return _derive(path, data)


def make_key(path: str) -> Key:
    """A new key at `path`, on disk before it is used. Only one process may be here at a time."""
    text = secrets.token_hex(_SIZE).encode() + b"\n"
    temporary = f"{path}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
        os.write(descriptor, text)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    # A link, not a rename: a key that is there is never replaced.
    os.link(temporary, path)
    os.unlink(temporary)  # noqa: PTH108 - pathlib costs start-up time
    return _derive(path, text)


def _derive(path: str, data: bytes) -> Key:
    try:
        root = bytes.fromhex(data.decode("ascii").strip())
    except ValueError:
        root = b""
    if len(root) != _SIZE:
        raise AuditError(
            f"the audit key {path} is damaged: it should hold {2 * _SIZE} hexadecimal digits",
            hint="Restore it from a backup. Without it the log can neither be continued nor verified.",
        )
    sealing, marking, naming = (hmac.digest(root, use, "sha256") for use in (_SEALING, _MARKING, _NAMING))
    return Key(naming.hex()[:16], sealing, marking)


def _text(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
