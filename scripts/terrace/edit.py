"""Changes to files, worked out before anything is written: which file, what it becomes, and then all at once.

Only the bytes that must change do. A change that would leave a file unreadable is never made.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from terrace import yamlio
from terrace.errors import TerraceError
from terrace.model.findings import Edit, Finding
from terrace.model.source import Document, Pointer


class Fixed(NamedTuple):
    """Files with the fixes of findings in them: the new texts by path, the findings mended, those left for later.

    Two fixes of one place cannot both be made: the second is left, and found again by the next run.
    """

    texts: dict[str, str]
    mended: tuple[Finding, ...]
    left: tuple[Finding, ...]


def with_value(document: Document | None, path: str, pointer: Pointer, value: object) -> str:
    """The text of `path` with `value` at `pointer`; the file is begun if there is none."""
    return yamlio.set_value(document or Document(path, "", {}, lambda _: {}), pointer, value)


def without(document: Document, pointer: Pointer) -> str:
    """The text of a document without the entry at `pointer`."""
    return yamlio.unset(document, pointer)


def fix(findings: Iterable[Finding], texts: Mapping[str, str]) -> Fixed:
    """The fixes of `findings` made in `texts`, which holds the present text of every file they touch."""
    chosen: dict[str, list[Edit]] = {}
    mended, left = [], []
    for finding in findings:
        if finding.fix is None:
            continue
        if any(_collides(edit, chosen.get(edit.path, ())) for edit in finding.fix.edits):
            left.append(finding)
            continue
        for edit in finding.fix.edits:
            chosen.setdefault(edit.path, []).append(edit)
        mended.append(finding)
    return Fixed({path: _edited(texts[path], edits) for path, edits in chosen.items()}, tuple(mended), tuple(left))


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Replace or begin each file as a whole, so that a reader sees the old text or the new one.

    Every text is checked to be readable before the first is written.
    """
    for path, text in texts.items():
        _, findings = yamlio.read(path, text.encode())
        if findings:
            raise TerraceError(f"{findings[0].location}: the edit would leave {path} unreadable: {findings[0].message}")
    for path, text in texts.items():
        file = folder / path
        temporary = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("x", encoding="utf-8", newline="") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            if file.exists():
                temporary.chmod(file.stat().st_mode & 0o777)
            temporary.replace(file)
        except OSError as error:
            with suppress(OSError):  # it may never have been there
                temporary.unlink()
            raise TerraceError(f"cannot write {path}: {error.strerror}") from error


def _collides(edit: Edit, others: Iterable[Edit]) -> bool:
    return any((edit.start < other.end and other.start < edit.end) or edit.start == other.start for other in others)


def _edited(text: str, edits: Iterable[Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: -edit.start):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text
