"""The goals: what is divided by what, and how large the quotient may be. One line a goal, by its number."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from benchmarks.measure import Measure

Group = Literal["start-up", "full", "incremental", "named", "git", "resident", "slow"]


class Term(NamedTuple):
    """A program, run over a repository of so many tenants."""

    program: str
    tenants: int


class Goal(NamedTuple):
    """One ratio. `indicative`: taken at another size than the one the goal was set for, so it is shown, not judged."""

    number: str
    what: str
    group: Group
    measure: Measure
    ours: Term
    floor: Term
    limit: float
    stretch: float | None = None
    indicative: bool = False


def goals(sizes: tuple[int, ...]) -> Iterator[Goal]:
    """Every goal, at the sizes it was set for where those are among `sizes`, else at the nearest."""
    yield from _full(sizes)
    yield from _scaling(sizes)
    yield from _incremental(sizes)
    yield from _start_up(_main(sizes))
    yield from _memory(sizes)
    main = _main(sizes)
    reading = Term("read-commit", main), Term("cat-file", main)
    yield Goal("19a", "read a commit / git cat-file --batch", "git", "cpu", *reading, 1.3, 0.6, main != 1000)
    judging = Term("validate-at", main), Term("validate", main)
    yield Goal("19b", "validate a commit / the work tree", "git", "cpu", *judging, 1.3, None, True)


def _main(sizes: tuple[int, ...]) -> int:
    return max((size for size in sizes if size <= 1000), default=min(sizes))


def _full(sizes: tuple[int, ...]) -> Iterator[Goal]:
    for size in sizes:
        ours, floor = Term("build", size), Term("parse-once", size)
        yield Goal("1", "everything / Y1 parse once", "full", "cpu", ours, floor, 1.5, 0.8, size != 1000)
    main = _main(sizes)
    ours, other = Term("build", main), main != 1000
    yield Goal("2", "everything / Y2 js-yaml + ajv", "full", "cpu", ours, Term("node", main), 0.8, 0.4, other)
    yield Goal("3", "everything / Y3 hiera", "full", "cpu", ours, Term("hiera", main), 0.3, 0.15, other)
    for letter, peer, factor in (("a", "himl", 15), ("b", "kapitan", 18), ("c", "kustomize", 60)):
        floor = Term(peer, main)
        yield Goal(f"4{letter}", f"everything / {peer}", "slow", "cpu", ours, floor, 1 / factor, None, other)


def _scaling(sizes: tuple[int, ...]) -> Iterator[Goal]:
    large, small, other = _pair(sizes)
    linear = 1.05 * large / small
    ours, floor = Term("build", large), Term("build", small)
    yield Goal("5", "everything, CPU, large / small", "full", "cpu", ours, floor, linear, None, other)
    for size in sorted({_main(sizes), large}):
        ours, floor = Term("build-2", size), Term("build", size)
        limit = 0.62 if size >= 10_000 else 0.85
        yield Goal("6", "clock, 2 processes / 1", "full", "wall", ours, floor, limit, None, size < 1000)


def _incremental(sizes: tuple[int, ...]) -> Iterator[Goal]:
    large, small, other = _pair(sizes)
    main = _main(sizes)
    for size in sorted({main, large}):
        ours, floor = Term("one-changed", size), Term("validate", size)
        limit = 0.07 if size >= 10_000 else 0.15
        yield Goal("7", "one file changed / full run", "incremental", "cpu", ours, floor, limit, 0.05, size < 1000)
    ours, floor = Term("one-named", large), Term("one-named", small)
    yield Goal("8", "one file named, large / small", "named", "cpu", ours, floor, 1.2, None, other)
    ours, floor = Term("unchanged", main), Term("git-status", main)
    yield Goal("9", "nothing changed / git status", "git", "cpu", ours, floor, 3, 2, main != 1000)


def _start_up(main: int) -> Iterator[Goal]:
    lint, hook, nothing = Term("lint", main), Term("hook", main), Term("pass", main)
    yield Goal("10a", "strict parse of one file / P", "start-up", "cpu", lint, nothing, 4, 1.5)
    yield Goal("10b", "strict parse of one file / yamllint", "start-up", "cpu", lint, Term("yamllint", main), 0.5)
    yield Goal("11a", "one file, its 3 configs / P", "start-up", "cpu", hook, nothing, 9, 4)
    checked = Term("check-jsonschema", main)
    yield Goal("11b", "one file, its 3 configs / check-jsonschema", "start-up", "cpu", hook, checked, 0.4)


def _memory(sizes: tuple[int, ...]) -> Iterator[Goal]:
    large, main = max(sizes), _main(sizes)
    small = 100 if 100 in sizes and large > 100 else min(sizes)
    ours, floor = Term("build", large), Term("build", small)
    yield Goal("17a", "peak memory, large / small", "full", "memory", ours, floor, 3, None, large < 10_000)
    ours, floor = Term("build", main), Term("node", main)
    yield Goal("17b", "peak memory / Y2 js-yaml + ajv", "full", "memory", ours, floor, 0.6, None, main != 1000)
    ours, floor = Term("resident", large), Term("yaml-bytes", large)
    yield Goal("18", "resident / bytes of YAML", "resident", "memory", ours, floor, 15, 8, large < 10_000)


def _pair(sizes: tuple[int, ...]) -> tuple[int, int, bool]:
    """The largest size, the one it is compared with, and whether these are not the two that the goals were set for."""
    large = max(sizes)
    small = 1000 if large > 1000 else max((size for size in sizes if size < large), default=large)
    return large, small, (large, small) != (10_000, 1000)
