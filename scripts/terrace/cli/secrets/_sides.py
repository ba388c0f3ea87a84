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
    """The names of recipients, by key, in the register nearest above `path`; none if there is none."""
    from terrace import yamlio
    from terrace.model.recipients import FILE, register_of

    for folder in Path(path).absolute().parents:
        file = folder / FILE
        if file.is_file():
            # In a merge it can be in conflict itself, and no YAML: then keys are shown.
            register = register_of(yamlio.read(str(file), file.read_bytes())[0])
            return {each.key: register.called(each.key) for each in register.recipients.values()}
    return {}


def known(path: str) -> frozenset[str] | None:
    """The keys that may get secrets by the register nearest above `path`; None where there is no register.

    While Git merges it is still ours in the work tree. One that is in conflict knows nobody.
    """
    from terrace import yamlio
    from terrace.model.recipients import FILE, register_of

    for folder in Path(path).absolute().parents:
        file = folder / FILE
        if os.path.lexists(file):
            document = yamlio.read(str(file), file.read_bytes())[0] if file.is_file() else None
            return frozenset(each.key for each in register_of(document).recipients.values() if not each.retired)
    return None


def complain(lines: list[str]) -> None:
    """Lines for whoever merges."""
    from terrace.report.cells import printable

    sys.stderr.write("".join(f"{printable(line)}\n" for line in lines))


def warn_of_people(merged: Merged, names: Mapping[str, str]) -> None:
    """Say which new values somebody can still read whom this merge takes away, and who is not let in."""
    from terrace.model.source import dotted
    from terrace.secrets.outline import printable

    complain(
        [
            f"terrace: {names.get(key, key)} is left out: one side added it, the other made a new data key, and our "
            "register does not name it. To let it in: terrace secrets recipients sync"
            for key in merged.strangers
        ]
    )
    complain(
        [
            f"terrace: rotate {printable(dotted(each.pointer))}: it was encrypted for "
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
