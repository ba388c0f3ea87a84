"""What running a program once costs, and rounds of several programs in turn."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeVar


class Command(NamedTuple):
    """A program to be measured. `before` runs ahead of it, untimed.

    `reports_memory`: the last line it prints is the number of bytes it holds, which counts instead of its peak.
    """

    argv: tuple[str, ...]
    before: Callable[[], None] | None = None
    reports_memory: bool = False


class Missing(NamedTuple):
    """A program that cannot be measured here, and why; `argv` if it was started and failed."""

    reason: str
    argv: tuple[str, ...] = ()


class Constant(NamedTuple):
    """A floor that is a number of bytes, not a program."""

    bytes: int


Program = Command | Missing | Constant
Name = TypeVar("Name")
Measure = Literal["cpu", "wall", "memory"]


class Sample(NamedTuple):
    """What one run cost: seconds of CPU (user + system, children included), seconds by the clock, bytes at the peak."""

    cpu: float
    wall: float
    memory: int

    def of(self, measure: Measure) -> float:
        """One of the three."""
        return {"cpu": self.cpu, "wall": self.wall, "memory": float(self.memory)}[measure]


class ProgramFailed(Exception):
    """A program that was to be measured did not exit with 0."""


def run(command: Command) -> Sample:
    """Run `command` once and measure it.

    NOTE: `posix_spawn` and not `subprocess`: a child's peak counts what its parent held at the fork, so this process
    stays small and nothing is forked in Python.
    """
    if command.before is not None:
        command.before()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        actions = [(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, err.fileno(), 2)]
        start = time.perf_counter()
        pid = os.posix_spawn(command.argv[0], command.argv, clean_environment(os.environ), file_actions=actions)
        _, status, used = os.wait4(pid, 0)
        wall = time.perf_counter() - start
        out.seek(0)
        err.seek(0)
        printed = out.read()
        if code := os.waitstatus_to_exitcode(status):
            lines = (err.read() or printed).decode(errors="replace").strip().splitlines()
            raise ProgramFailed(f"exit {code}: {lines[-1] if lines else 'no output'}")
    memory = int(printed.split()[-1]) if command.reports_memory else used.ru_maxrss * 1024
    return Sample(used.ru_utime + used.ru_stime, wall, memory)


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without what changes how Python starts: bytecode is written and read, as for any user."""
    return {key: value for key, value in environment.items() if not key.startswith("PYTHON")}


def rounds(
    programs: Mapping[Name, Program], count: int, *, warm: bool = True
) -> tuple[dict[Name, list[Sample]], dict[Name, Missing]]:
    """`count` samples of each program, taken in turn (A B C, A B C), and the programs that are missing or failed."""
    samples: dict[Name, list[Sample]] = {name: [] for name in programs}
    missing = {name: program for name, program in programs.items() if isinstance(program, Missing)}
    for number in range(-1 if warm else 0, count):
        for name, program in programs.items():
            if name in missing:
                continue
            try:
                sample = _sample(program)
            except ProgramFailed as failed:
                missing[name] = Missing(str(failed), program.argv if isinstance(program, Command) else ())
                continue
            if number >= 0:
                samples[name].append(sample)
    return samples, missing


def _sample(program: Program) -> Sample:
    if isinstance(program, Command):
        return run(program)
    assert isinstance(program, Constant)
    return Sample(0, 0, program.bytes)


def ratios(ours: Sequence[Sample], floor: Sequence[Sample], measure: Measure) -> list[float]:
    """Ours over the floor, pair by pair: both of a pair come from the same round."""
    return [mine.of(measure) / its.of(measure) for mine, its in zip(ours, floor, strict=True)]


def median(samples: Iterable[Sample], measure: Measure) -> float:
    """The median of one measure over some samples."""
    return statistics.median(sample.of(measure) for sample in samples)
