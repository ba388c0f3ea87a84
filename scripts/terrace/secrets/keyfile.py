"""A new age key of somebody's own: the private one goes where SOPS looks for it, and never into a repository."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from terrace.errors import RefusedError, TerraceError, UsageError


def default_file(environ: Mapping[str, str]) -> Path:
    """The file in which SOPS looks for age keys: `~/.config/sops/age/keys.txt` as a rule."""
    from terrace.sops.identities import keys_file

    if not environ.get("HOME") and not environ.get("XDG_CONFIG_HOME"):
        raise UsageError("there is no place for the key: HOME is not set", hint="Name a file: --key-file FILE")
    return Path(keys_file(environ, Path(environ.get("HOME") or "/nonexistent")))


def make(file: Path, repository: Path, name: str, now: datetime) -> str:
    """The public key of a new private key that now stands at the end of `file`, which only its owner can read.

    Nothing that stands there already is touched. A file inside of `repository`, or of any other, is refused.
    """
    import pyrage

    _refuse_in_git(file, repository)
    key = pyrage.x25519.Identity.generate()
    public = str(key.to_public())
    text = f"# {name}, created {now:%Y-%m-%dT%H:%M:%SZ}\n# public key: {public}\n{key}\n"
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(descriptor, "r+b", buffering=0) as stream:
            if os.fstat(descriptor).st_mode & 0o077:
                raise RefusedError(
                    f"{file} can be read by others, so no private key is put there", hint=f"chmod 600 {file}"
                )
            end = os.fstat(descriptor).st_size
            unfinished = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
            stream.write(("\n" if unfinished else "").encode() + text.encode())
            os.fsync(descriptor)
    except OSError as error:
        raise TerraceError(f"cannot write {file}: {error.strerror}") from error
    return public


def _refuse_in_git(file: Path, repository: Path) -> None:
    real = file.resolve()
    inside = real.is_relative_to(repository.resolve())
    if inside or any((folder / ".git").exists() for folder in real.parents):
        raise RefusedError(
            f"{file} is in a repository, and private keys never enter Git",
            hint="Leave --key-file out, or name a file outside.",
        )
