"""What every target's configuration must be, by a merge of its own that shares no code with the product.

`python -m benchmarks.reference DIR` prints the configurations; with `--compare OUT` it compares them with the files
`OUT/<tenant>.json` that a peer wrote, each an object of configurations by environment.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

Configs = dict[str, dict[str, Any]]
"""Configurations by tenant and environment."""


def main() -> int:
    """Print or compare; 1 where something differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reference", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--compare", type=Path)
    parser.add_argument("--lists-as-sets", action="store_true", help="the peer can only unite lists, not replace them")
    options = parser.parse_args()
    configs = effective(options.folder)
    if options.compare is None:
        json.dump(configs, sys.stdout)
        return 0
    different = difference(configs, written(options.compare), lists=not options.lists_as_sets)
    print(different or f"{sum(map(len, configs.values()))} configurations are equal")
    return int(bool(different))


def effective(folder: Path) -> Configs:
    """Every tenant's configuration in every environment, from the YAML files below `folder`."""
    base = _read(folder / "environments/base/app.yaml")
    environments = {
        path.parent.name: _over(base, _read(path.parent / "app.yaml"))
        for path in sorted(folder.glob("environments/*/environment.yaml"))
    }
    configs: Configs = {}
    for entity in sorted(folder.glob("tenants/*/tenant.yaml")):
        shared = _read(entity.parent / "app.yaml")
        configs[entity.parent.name] = {
            name: _over(_over(values, shared), _read(entity.parent / name / "app.yaml"))
            for name, values in environments.items()
        }
    return configs


def written(folder: Path) -> Configs:
    """The configurations that a peer wrote."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def difference(expected: Configs, found: Configs, *, lists: bool = True) -> str:
    """The first place where two sets of configurations differ, or nothing. `lists=False` leaves lists out."""
    if not expected:
        return "there is nothing to compare"
    return _difference(expected, found, "", lists)


def _difference(expected: Any, found: Any, where: str, lists: bool) -> str:
    if isinstance(expected, dict) and isinstance(found, dict):
        if expected.keys() != found.keys():
            return f"{where or '/'}: other keys: {sorted(expected.keys() ^ found.keys())[:3]}"
        places = (_difference(expected[key], found[key], f"{where}/{key}", lists) for key in expected)
        return next(filter(None, places), "")
    if not lists and isinstance(expected, list) and isinstance(found, list):
        return ""
    same = expected == found and isinstance(expected, bool) == isinstance(found, bool)
    return "" if same else f"{where}: {found!r} where {expected!r} is right"


def _over(weak: dict[str, Any], strong: dict[str, Any]) -> dict[str, Any]:
    both = {**weak, **strong}
    for key in weak.keys() & strong.keys():
        if isinstance(weak[key], dict) and isinstance(strong[key], dict):
            both[key] = _over(weak[key], strong[key])
    return both


def _read(path: Path) -> dict[str, Any]:
    values = yaml.load(path.read_bytes(), yaml.CSafeLoader)
    assert isinstance(values, dict)
    return values


if __name__ == "__main__":
    sys.exit(main())
