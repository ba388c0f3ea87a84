"""What `merge-driver` and `resolve` have in common: opening each side with a record, and what is said of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from terrace.secrets.merging import Merged, Open
    from terrace.sops import Opened


def opener(path: str, command: str) -> Open:
    """Opens a side of the file at `path` with the keys at hand, once the audit log has it."""
    from terrace.secrets.opening import Opener
    from terrace.sops.errors import SopsError

    opener = Opener(Path.cwd(), f"terrace {command}", "merge", os.environ)

    def open_(text: str, side: str) -> Opened:
        try:
            opened = opener.open(path, text)
        except SopsError as error:
            error.add_note(side)
            raise
        complain([f"terrace: {problem}" for problem in opener.problems])
        opener.problems.clear()
        return opened

    return open_


def names(path: str) -> Mapping[str, str]:
    """The names of recipients, by key, as `recipients.yaml` nearest above `path` has them; none if there is none."""
    from terrace import yamlio

    for folder in Path(path).absolute().parents:
        file = folder / "recipients.yaml"
        if file.is_file():
            document, _ = yamlio.read(str(file), file.read_bytes())
            entries = document.value.get("recipients") if document else None
            if not isinstance(entries, dict):
                return {}
            known = ((name, entry) for name, entry in entries.items() if isinstance(entry, dict))
            return {str(entry.get("key")): name for name, entry in known}
    return {}


def complain(lines: list[str]) -> None:
    """Lines for whoever merges."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))


def warn_of_exposed(merged: Merged, names: Mapping[str, str]) -> None:
    """Say which new values somebody can still read whom this merge takes away."""
    from terrace.model.source import dotted

    complain(
        [
            f"terrace: rotate {dotted(each.pointer)}: it was encrypted for "
            f"{', '.join(names.get(key, key) for key in each.recipients)} too, no recipient any more"
            for each in merged.exposed
        ]
    )


def replace(file: Path, data: bytes) -> None:
    """The bytes as the file, at once: whoever ends us in the middle leaves the old file, not half of the new one."""
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.chmod(file.stat().st_mode & 0o777)
    beside.replace(file)
