"""What the merge driver says: names of what conflicts and what to do about it, never a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrace.errors import TerraceError
from terrace.model.source import dotted
from terrace.secrets.outline import printable
from terrace.sops.errors import NoKeyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from terrace.secrets.threeway import Clash


def conflict(path: str, clashes: Sequence[Clash]) -> list[str]:
    """The lines about values that clash; none if none do."""
    if not clashes:
        return []
    return [
        f"terrace: {unsettled(path, clashes)}",
        "  The file holds everything else of both sides, and ours of these. To take theirs of some, ours of others:",
        f"  terrace secrets resolve {path} --theirs NAME --ours NAME; then git add {path}",
    ]


def unsettled(path: str, clashes: Sequence[Clash]) -> str:
    """How many values clash in a file, and a line for each."""
    named = [(printable(dotted(clash.pointer)), clash.why) for clash in clashes]
    width = max(len(name) for name, _ in named)
    many = "1 conflict" if len(clashes) == 1 else f"{len(clashes)} conflicts"
    lines = (f"  {name:<{width}}  {why}" for name, why in named)
    return "\n".join((f"{path}: {many}", *lines))


def refusal(path: str, error: Exception, ours: Path, theirs: Path, names: Mapping[str, str]) -> list[str]:
    """The lines about versions that could not be merged at all."""
    message = error.message if isinstance(error, TerraceError) else "a side is not UTF-8"
    sides = "".join(f" ({side})" for side in getattr(error, "__notes__", ()))
    lines = [f"terrace: {path} is not merged: {message}{sides}"]
    if isinstance(error, NoKeyError) and (who := _who(ours, theirs)):
        lines.append(f"  Who could: {', '.join(names.get(key, key) for key in who)}")
    elif isinstance(error, TerraceError) and error.hint:
        lines.append(f"  {error.hint}")
    return [*lines, f"  The file is ours, as it was. To take theirs as a whole: git checkout --theirs {path}"]


def _who(ours: Path, theirs: Path) -> list[str]:
    """The recipients of both sides."""
    from terrace.sops.sealed import inspect

    sides = [inspect(file.read_bytes().decode("utf-8")).recipients for file in (ours, theirs)]
    first, second = ([each.recipient for each in side] for side in sides)
    return [recipient for recipient in first if recipient in second]
