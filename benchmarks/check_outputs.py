"""Before anything is timed: what the product and the peers make of ten tenants is compared with what is right."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Command, Missing, Program, ProgramFailed, clean_environment, run
from benchmarks.programs import Place, programs

UNITES_LISTS = frozenset({"hiera"})
ROOT = Path(__file__).parents[1]


def wrong_peers(place: Place) -> dict[str, Missing]:
    """The peers whose configurations are not the right ones: their times would say nothing."""
    found = {}
    for name in ("node", "hiera", "himl"):
        reason = _wrong(place, name, programs(place)[name])
        if reason:
            found[name] = Missing(reason)
    return found


def wrong_product(place: Place) -> str:
    """The first place where the product's configurations are not the right ones, or nothing."""
    output = place.output / "ours"
    output.mkdir(parents=True, exist_ok=True)
    for tenant in sorted((place.repository / "tenants").iterdir()):
        configs = {}
        for environment in ("development", "staging", "production"):
            show = [place.terrace, "-C", str(place.repository), "show", "app", "--format", "json"]
            done = subprocess.run(
                [*show, "--env", environment, "--tenant", tenant.name], capture_output=True, text=True
            )
            if done.returncode:
                return f"terrace show failed: {done.stderr.strip() or f'exit {done.returncode}'}"
            configs[environment] = json.loads(done.stdout)
        (output / f"{tenant.name}.json").write_text(json.dumps(configs))
    return _compare(place, output)


def _wrong(place: Place, name: str, program: Program) -> str:
    if not isinstance(program, Command):
        return ""
    try:
        run(program)
    except ProgramFailed as failed:
        return str(failed)
    return _compare(place, place.output / name, lists_as_sets=name in UNITES_LISTS)


def _compare(place: Place, output: Path, *, lists_as_sets: bool = False) -> str:
    options = ["--lists-as-sets"] if lists_as_sets else []
    compare = [sys.executable, "-m", "benchmarks.reference", str(place.repository), "--compare", str(output), *options]
    done = subprocess.run(compare, capture_output=True, text=True, cwd=ROOT, env=clean_environment({}))
    return "" if done.returncode == 0 else f"its output is wrong: {(done.stdout or done.stderr).strip()}"
