"""Write a Terrace repository of N tenants x 3 environments: `python -m benchmarks.generate DIR --tenants N [--git]`.

The same N and seed give the same bytes, and a tenant's files do not depend on how many others there are.
"""

import argparse
import copy
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import yaml

from benchmarks.overlays import Pointer, Scope, Values, may_vary, overlay
from benchmarks.yaml_text import document
from terrace import schemas
from terrace.model.merge import merge
from terrace.model.service import Contract, Field

APP = Path(__file__).parent / "app"
KINDS = ("development", "staging", "production")
TOUCHED: Pointer = ("limits", "requests_per_minute")
"""A leaf that every tenant sets in every environment: the incremental benchmarks change it."""


class Plan(NamedTuple):
    """What every tenant's files are made from."""

    seed: int
    fields: list[Field]
    base: Values
    environments: dict[str, Values]


def main() -> None:
    """Write the repository that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tenants", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--git", action="store_true", help="commit everything, packed as a clone would be")
    options = parser.parse_args()
    if options.folder.exists() and any(options.folder.iterdir()):
        parser.error(f"{options.folder} is not empty: name a folder that does not exist yet")
    generate(options.folder, options.tenants, seed=options.seed)
    if options.git:
        commit(options.folder)


def generate(folder: Path, tenants: int, *, seed: int = 1) -> None:
    """Write the files of a repository with `tenants` tenants below `folder`."""
    text = (APP / "base.yaml").read_text()
    files = {
        "pyproject.toml": f'[tool.terrace]\nname = "Benchmark with {tenants} tenants"\n',
        ".gitignore": "/.terrace/\n",
        "schemas/app.py": (APP / "contract.py").read_text(),
        "environments/base/app.yaml": text,
    }
    for path, content in files.items():
        _write(folder / path, content)
    schemas.write(folder, check=False)
    base: Values = yaml.load(text, yaml.CSafeLoader)
    contract = Contract("app", schemas.contract_schema(folder, "app"))
    plan = Plan(seed, [field for field in contract.root.walk() if may_vary(field)], base, {})
    for path, content in _environments(plan):
        _write(folder / path, content)
    for number in range(1, tenants + 1):
        for path, content in _tenant(plan, f"bistro-{number:05d}"):
            _write(folder / path, content)


def commit(folder: Path) -> None:
    """Make a Git repository of `folder` with one commit, packed, its index fresh."""
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _IDENTITY.items()}
    environment = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for arguments in ("init -q -b main", "add -A", "commit -q -m Generated", "repack -a -d -q", "status --porcelain"):
        subprocess.run(["git", "-C", folder, *arguments.split()], env=environment, check=True)


_IDENTITY = {"NAME": "Benchmark", "EMAIL": "benchmark@harbour-kitchen.app", "DATE": "2026-01-01T00:00:00Z"}


def _environments(plan: Plan) -> Iterator[tuple[str, str]]:
    own = tuple(field.pointer for field in plan.fields if field.must_differ)
    for order, kind in enumerate(KINDS, start=1):
        rng = Random(f"{plan.seed}/{kind}")
        values = overlay(Scope(kind, 40, own), plan.fields, plan.base, [plan.base, *plan.environments.values()], rng)
        plan.environments[kind] = merge(copy.deepcopy(plan.base), values)
        protected = str(kind == "production").lower()
        yield f"environments/{kind}/environment.yaml", f"kind: {kind}\norder: {order}\nprotected: {protected}\n"
        yield f"environments/{kind}/app.yaml", document(f"What all tenants share in {kind}.", values, rng)


def _tenant(plan: Plan, name: str) -> Iterator[tuple[str, str]]:
    rng = Random(f"{plan.seed}/{name}")
    fields = [field for field in plan.fields if "tenant" in field.set_by]
    shared = [field for field in fields if not field.must_differ and field.pointer != TOUCHED]
    inherited = list(plan.environments.values())
    values = overlay(Scope(name, 25), shared, plan.base, inherited, rng)
    yield f"tenants/{name}/tenant.yaml", _entity(name)
    yield f"tenants/{name}/app.yaml", document(f"What {name} has everywhere.", values, rng)
    for kind, environment in plan.environments.items():
        scope = Scope(f"{name}-{kind}", 10, (TOUCHED,))
        own = overlay(scope, fields, plan.base, [merge(environment, values)], rng)
        yield f"tenants/{name}/{kind}/app.yaml", document(f"What {name} has in {kind}.", own, rng)


def _entity(name: str) -> str:
    return (
        f"display_name: {name.replace('-', ' ').title()}\ncontact: owner@{name}.harbour-kitchen.app\n"
        f"services: [app]\nenvironments: [{', '.join(KINDS)}]\n"
    )


def _json(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
