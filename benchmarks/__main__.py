"""Measure the product against its goals: `python -m benchmarks [--quick | --full] [--only 1,2,7]`."""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.check_outputs import wrong_peers, wrong_product
from benchmarks.goals import Goal, Group, Term, goals
from benchmarks.measure import Program, clean_environment, rounds
from benchmarks.peers.install import install
from benchmarks.programs import Place, programs, restore
from benchmarks.report import Result, as_json, result, table

HERE = Path(__file__).parent
ROOT = HERE.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "terrace-benchmarks"
TERRACE = Path(sys.executable).with_name("terrace")
GENERATOR = ("generate.py", "overlays.py", "yaml_text.py")
FACTOR: dict[Group, float] = {"start-up": 4, "named": 4, "git": 2, "slow": 0.2}
"""Rounds of a group beside those asked for: what takes milliseconds is noisy, and what takes half a minute is not."""


def main() -> int:
    """Print the table; 1 where one of the product's programs failed or its configurations are wrong."""
    options = _options()
    sizes = (10, 100) if options.quick else (10, 100, 1000, 10_000) if options.full else (10, 100, 1000)
    wanted = [goal for goal in goals(sizes) if _asked_for(goal, options.only)]
    needed = frozenset(term.program for goal in wanted for term in (goal.ours, goal.floor))
    peers = install(options.cache, needed)
    places = {
        size: Place(size, _repository(options.cache, size), options.cache / f"output-{size}", options.terrace, peers)
        for size in sorted({10, *(term.tenants for goal in wanted for term in (goal.ours, goal.floor))})
    }
    _clean(places)
    try:
        if not options.unchecked and (wrong := wrong_product(places[10])):
            print(f"Nothing was measured: {wrong}", file=sys.stderr)
            return 1
        results = _measure(wanted, _programs(places), options.rounds, places)
    finally:
        _clean(places)
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps(as_json(results, sizes, options.rounds), indent=2) + "\n")
    return int(any(result.missing.startswith(result.goal.ours.program + ":") for result in results))


def _clean(places: Mapping[int, Place]) -> None:
    """Leave the repositories as they were generated: a run that was killed must not change the next one's numbers."""
    for place in places.values():
        restore(place)
        for folder in (place.output, place.repository / ".terrace"):
            shutil.rmtree(folder, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="10 and 100 tenants, 3 rounds")
    size.add_argument("--full", action="store_true", help="up to 10,000 tenants")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="numbers of goals: 1,2,7")
    parser.add_argument("--rounds", type=int, help="rounds of each group (default: 5; 3 with --quick)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here too")
    parser.add_argument("--cache", type=Path, default=CACHE, help="keeps repositories and peers (default: %(default)s)")
    parser.add_argument("--terrace", default=str(TERRACE), help="the program to measure")
    parser.add_argument("--unchecked", action="store_true", help="do not compare the product's configurations first")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.cache = options.cache.resolve()
    return options


def _asked_for(goal: Goal, only: Sequence[str]) -> bool:
    return not only or goal.number in only or goal.number.rstrip("abc") in only


def _repository(cache: Path, tenants: int) -> Path:
    """A generated repository, made anew if the generator or the contract changed since."""
    # NOTE: in a process of its own. What this one holds would count in the peaks of the programs it measures.
    folder = cache / f"repository-{tenants}"
    sources = [*(HERE / name for name in GENERATOR), *sorted((HERE / "app").glob("*.*"))]
    made_by = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    stamp = cache / f"repository-{tenants}.made-by"
    if folder.exists() and stamp.exists() and stamp.read_text() == made_by:
        return folder
    print(f"generating {tenants} tenants", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    generate = [sys.executable, "-m", "benchmarks.generate", str(folder), "--tenants", str(tenants), "--git"]
    subprocess.run(generate, check=True, cwd=ROOT, env=clean_environment(os.environ))
    stamp.write_text(made_by)
    return folder


def _programs(places: Mapping[int, Place]) -> dict[Term, Program]:
    """Every program over every repository; peers that are wrong about ten tenants are left out."""
    wrong = wrong_peers(places[10])
    return {
        Term(name, size): wrong.get(name, program)
        for size, place in places.items()
        for name, program in programs(place).items()
    }


def _measure(
    wanted: Sequence[Goal], known: Mapping[Term, Program], count: int, places: Mapping[int, Place]
) -> list[Result]:
    results = {}
    for group in dict.fromkeys(goal.group for goal in wanted):
        members = [goal for goal in wanted if goal.group == group]
        terms = dict.fromkeys(term for goal in members for term in (goal.ours, goal.floor))
        print(f"measuring {group}: {len(terms)} programs", file=sys.stderr)
        often = max(1, round(count * FACTOR.get(group, 1)))
        samples, missing = rounds({term: known[term] for term in terms}, often, warm=group != "slow")
        for place in places.values():
            restore(place)
        results.update({goal: result(goal, samples, missing) for goal in members})
    return [results[goal] for goal in sorted(wanted, key=lambda goal: _order(goal.number))]


def _order(number: str) -> tuple[int, str]:
    digits = number.rstrip("abc")
    return int(digits), number


if __name__ == "__main__":
    sys.exit(main())
