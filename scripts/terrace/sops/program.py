"""The `sops` program, for what is not done in process: key services, PGP, plugins, comment selectors, and more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from terrace.model.secret import Secret
from terrace.sops.errors import DamagedError, NeedsBinaryError, NoKeyError, SopsError, TamperedError
from terrace.sops.opened import open_
from terrace.sops.scalars import Timestamp
from terrace.sops.sealed import SealedLeaf, inspect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from terrace.model.source import Pointer
    from terrace.sops.identities import Identities
    from terrace.sops.opened import Values

NAME = "sops"
_SECONDS = 120
# The program's exit codes, and what a person would do about each.
_KINDS: dict[int, tuple[type[SopsError], str]] = {
    25: (TamperedError, "a value does not decrypt"),
    51: (TamperedError, "the MAC does not fit"),
    128: (NoKeyError, "no key at hand opens this file"),
}


def values_of(text: str, identities: Identities, environ: Mapping[str, str], *, name: str = "") -> Values:
    """The values of an encrypted file: opened here, or by the `sops` program where only that can.

    Raises NeedsBinaryError, saying why the program is needed, where it is not installed.
    """
    try:
        return open_(text, identities, name=name).values
    except NeedsBinaryError as reason:
        from shutil import which

        program = which(NAME, path=environ.get("PATH"))
        if program is None:
            hint = f"Install the sops program, 3.9 or newer but not 3.13.2, on the PATH. {reason.hint}"
            raise NeedsBinaryError(
                f"{reason.message}: this needs the sops program, which is not installed", hint=hint.strip()
            ) from None
        return opened_by(program, text, environ, name=name)


def opened_by(program: str, text: str, environ: Mapping[str, str], *, name: str = "") -> Values:
    """The values of a file of one document as the program gives them. Plain text passes through pipes only."""
    import subprocess

    # Its YAML is wrong for some texts that begin with an empty line, its JSON is not.
    command = [program, "decrypt", "--input-type=yaml", "--output-type=json", "/dev/stdin"]
    try:
        done = subprocess.run(
            command, input=text.encode("utf-8"), env=dict(environ), capture_output=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NeedsBinaryError(f"the sops program did not run ({type(error).__name__})", file=name) from None
    if done.returncode:
        # What it prints could hold a value; its exit codes do not.
        kind, words = _KINDS.get(done.returncode, (DamagedError, f"exit code {done.returncode}"))
        hint = f"See for yourself: sops decrypt {name}".strip()
        raise kind(f"the sops program does not open the file: {words}", file=name, hint=hint)
    return _wrapped(json.loads(done.stdout), text, name)


def _wrapped(values: Any, text: str, name: str) -> Values:
    """The values with their types, and those that the file encrypts hidden."""
    leaves = inspect(text).leaves
    if not isinstance(values, dict) or any(leaf.document for leaf in leaves):
        raise DamagedError("the file has several documents, and one is expected", file=name)
    by_place = {leaf.pointer: leaf for leaf in leaves if leaf.label != "comment"}
    result: Values = _value(values, (), by_place)
    return result


def _value(value: Any, pointer: Pointer, leaves: Mapping[Pointer, SealedLeaf]) -> Any:
    if isinstance(value, dict):
        return {key: _value(inner, (*pointer, key), leaves) for key, inner in value.items()}
    if isinstance(value, list):
        return [_value(inner, (*pointer, index), leaves) for index, inner in enumerate(value)]
    leaf = leaves.get(pointer)
    if leaf is not None and leaf.label == "time" and isinstance(value, str):
        value = Timestamp(value)
    if leaf is not None and leaf.label == "float" and isinstance(value, int):
        value = float(value)
    # A place that is not known is hidden too.
    return value if value is None or (leaf is not None and not leaf.selected) else Secret(value)
