"""Scenarios as `.feature` files write them: as much of the language as the flagd testbed uses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

_STEPS = ("Given ", "When ", "Then ", "And ", "But ")


class Step(NamedTuple):
    """One step, without its first word, and the rows of the table under it."""

    text: str
    table: tuple[tuple[str, ...], ...] = ()


class Scenario(NamedTuple):
    """One scenario with the values of one row of its examples."""

    name: str
    tags: frozenset[str]
    steps: tuple[Step, ...]


class _Block(NamedTuple):
    """A heading with its tags and the lines under it."""

    heading: str
    tags: frozenset[str]
    lines: list[str]


def scenarios(file: Path) -> Iterator[Scenario]:
    """Every scenario of a file, one for each row of examples."""
    shared: tuple[Step, ...] = ()
    inherited: frozenset[str] = frozenset()
    steps: tuple[Step, ...] = ()
    outline: _Block | None = None
    blocks = [*_blocks(file.read_text("utf-8")), _Block("", frozenset(), [])]
    for block, following in pairwise(blocks):
        kind = block.heading.partition(":")[0]
        if kind == "Feature":
            inherited = block.tags
        elif kind == "Background":
            shared = tuple(_steps(block.lines))
        elif kind.startswith("Scenario"):
            outline, steps = block, (*shared, *_steps(block.lines))
            if not following.heading.startswith("Examples"):
                yield Scenario(block.heading, inherited | block.tags, steps)
        elif kind == "Examples" and outline is not None:
            tags = inherited | outline.tags | block.tags
            names, *rows = (_cells(line) for line in block.lines if line.startswith("|"))
            for row in rows:
                values = dict(zip(names, row, strict=True))
                name = f"{outline.heading} {' '.join(row)}"
                yield Scenario(name, tags, tuple(_filled(step, values) for step in steps))


def _blocks(text: str) -> Iterator[_Block]:
    tags: list[str] = []
    block = _Block("", frozenset(), [])
    for line in map(str.strip, text.splitlines()):
        if line.startswith("@"):
            tags += line.replace("@", "").split()
        elif line.split(":")[0] in ("Feature", "Background", "Scenario", "Scenario Outline", "Examples"):
            yield block
            block, tags = _Block(line, frozenset(tags), []), []
        elif line and not line.startswith("#"):
            block.lines.append(line)
    yield block


def _steps(lines: list[str]) -> Iterator[Step]:
    step: Step | None = None
    for line in lines:
        if line.startswith("|") and step is not None:
            step = step._replace(table=(*step.table, _cells(line)))
        elif line.startswith(_STEPS):
            if step is not None:
                yield step
            step = Step(line.partition(" ")[2])
    if step is not None:
        yield step


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip("|").split("|"))


def _filled(step: Step, values: dict[str, str]) -> Step:
    return Step(_fill(step.text, values), tuple(tuple(_fill(cell, values) for cell in row) for row in step.table))


def _fill(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"<{name}>", value)
    return text
