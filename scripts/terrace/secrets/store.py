"""The secrets file of a service in an environment: where it stands, opening it, and replacing it with its ledger.

A secrets file and its ledger change together. Both new texts are written beside the old ones first, under names that
hold the digest of the new secrets file; then the secrets file is replaced, then the ledger. Whoever comes next finds
what a crash left: if the secrets file is the new one, the ledger's replacement is made up for, else all of it is void.
What is written is ciphertext and dates, never a value.

A plain layer with references is changed in the same way, and shares the ledger: its pending ledgers have another name.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import RefusedError, TerraceError
from terrace.model.sealed_files import is_secrets, layer_beside, ledger_of, main_of, proposal_of, secrets_beside
from terrace.model.source import Pointer

if TYPE_CHECKING:
    from terrace.model.entities import Repository, Tenant

ABSENT = ""
"""The text of a file that is not there."""


Value = str | bytes | int | float | bool


class Texts(NamedTuple):
    """A secrets file and its ledger as they are on disk; `ABSENT` for one that is not there."""

    secrets: str
    ledger: str


def home(repository: Repository, environment: str, tenant: Tenant | None = None) -> str:
    """The folder in which secrets of an environment, or of a tenant in it, stand."""
    from terrace.model.closest import named

    named(environment, repository.environments, "environment")
    if tenant is None:
        return f"environments/{environment}"
    if environment not in tenant.environments:
        hint = f"Its tenant.yaml names {', '.join(tenant.environments) or 'none'}."
        raise RefusedError(f"tenant {tenant.name} is not in {environment}", hint=hint)
    return f"{tenant.folder}/{environment}"


def path_for(root: Path, folder: str, service: str, pointer: Pointer = ()) -> str:
    """The main secrets file of a service in a folder; `shared.secrets.yaml` where only that one has the secret."""
    own, shared = f"{folder}/{service}.secrets.yaml", f"{folder}/shared.secrets.yaml"
    if pointer and pointer not in places(root, own) and pointer in places(root, shared):
        return shared
    return own


def proposals(root: Path, path: str) -> list[str]:
    """The proposals above a main secrets file, the weakest first."""
    file = root / path
    start = Path(proposal_of(file.name, "")).name.removesuffix(".secrets.yaml")
    if not file.parent.is_dir():
        return []
    names = (each.name for each in file.parent.iterdir())
    found = [name for name in names if name.startswith(start) and main_of(name) == file.name]
    return [f"{path[: path.rfind('/') + 1]}{name}" for name in sorted(found)]


def places(root: Path, path: str) -> list[Pointer]:
    """Where the values of a secrets file stand, read without a key; nothing for a file that is not there."""
    from terrace import yamlio
    from terrace.model.layers import leaves

    document, _ = yamlio.read(path, _text(root / path).encode())
    return [pointer for pointer, _ in leaves(document.value) if pointer and pointer[0] != "sops"] if document else []


def read(root: Path, path: str) -> Texts:
    """The texts of a secrets file and its ledger. What a crash left half done counts as done, or as never begun."""
    pending = _pending(root / path)
    secrets = _text(root / path)
    for file, digest in pending:
        if digest == _digest(secrets):
            return Texts(secrets, _text(file))
    return Texts(secrets, _text(root / ledger_of(path)))


class Held:
    """A secrets file and its ledger while nobody else changes them."""

    def __init__(self, root: Path, path: str) -> None:
        self._root = root
        self.path = path
        self.before = read(root, path)

    def replace(self, secrets: str, ledger: str) -> None:
        """Put these texts in the place of the old ones; `ABSENT` removes a file."""
        file, ledger_file = self._root / self.path, self._root / ledger_of(self.path)
        with _told(self.path):
            if secrets == ABSENT:
                # The other way round a crash would leave the dates of nothing.
                _put(ledger_file, ledger)
                _put(file, secrets)
            elif ledger == self.before.ledger:
                _put(file, secrets)
            elif secrets == self.before.secrets:
                _put(ledger_file, ledger)
            else:
                pending = ledger_file.with_name(f"{_pending_start(file.name)}{_digest(secrets)}")
                _write(pending, ledger)
                _sync(file.parent)
                _put(file, secrets)
                _settle(pending, ledger_file)
        self.before = Texts(secrets, ledger)


@contextmanager
def editing(root: Path, path: str) -> Iterator[Held]:
    """The file at `path` with its ledger, for one who changes it: others wait, and what a crash left is mended."""
    folder = (root / path).parent
    with _told(path):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with _told(path):
            for each in (secrets_beside(ledger_of(path)), layer_beside(ledger_of(path))):
                _mend(root, each)
        yield Held(root, path)
    finally:
        os.close(descriptor)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _pending(file: Path) -> list[tuple[Path, str]]:
    """The ledgers that a crash left beside a secrets file, each with the digest of the secrets that it goes with."""
    start = _pending_start(file.name)
    if not file.parent.is_dir():
        return []
    return [(each, each.name.removeprefix(start)) for each in file.parent.iterdir() if each.name.startswith(start)]


def _pending_start(name: str) -> str:
    """How the names begin of ledgers that wait for the file `name` to be replaced."""
    return f".{ledger_of(name)}." if is_secrets(name) else f".{name}-ledger."


def _mend(root: Path, path: str) -> None:
    file = root / path
    digest = _digest(_text(file))
    for pending, meant in _pending(file):
        if meant == digest:
            _settle(pending, root / ledger_of(path))
        else:
            pending.unlink()
    for left in file.parent.glob(f".{file.name}.{'[0-9a-f]' * 16}"):
        left.unlink()


def _settle(pending: Path, ledger_file: Path) -> None:
    if pending.stat().st_size:
        pending.replace(ledger_file)
    else:
        ledger_file.unlink(missing_ok=True)
        pending.unlink()
    _sync(ledger_file.parent)


def _put(file: Path, text: str) -> None:
    """Replace a file as a whole, or remove it."""
    if text == ABSENT:
        file.unlink(missing_ok=True)
    else:
        temporary = file.with_name(f".{file.name}.{_digest(text)}")
        _write(temporary, text)
        if file.exists():
            temporary.chmod(file.stat().st_mode & 0o777)
        temporary.replace(file)
    _sync(file.parent)


def _write(file: Path, text: str) -> None:
    try:
        with file.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        # A full disk: nobody comes by the name of a proposal again, to sweep.
        file.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _text(file: Path) -> str:
    """The text of a plain file. A link would be read and then replaced; a FIFO or a device never ends."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise TerraceError(f"cannot read {file.name}: it is no plain file", hint="Remove it.")
            return stream.read().decode("utf-8")
    except FileNotFoundError:
        return ABSENT
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            why = "it is a symbolic link"
        raise TerraceError(f"cannot read {file.name}: {why}") from error


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TerraceError(f"cannot write {path}: {error.strerror}") from error
