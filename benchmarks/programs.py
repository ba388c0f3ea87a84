"""Every program that is measured: its command line over one generated repository."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Command, Constant, Missing, Program, clean_environment
from benchmarks.peers.install import Peers

HERE = Path(__file__).parent
PYTHON = sys.executable


class Place(NamedTuple):
    """A generated repository, a folder for output, and the product's and the peers' programs."""

    tenants: int
    repository: Path
    output: Path
    terrace: str
    peers: Peers

    @property
    def tenant_file(self) -> Path:
        """The file of one tenant that reaches three configurations."""
        return self.repository / "tenants/bistro-00002/app.yaml"

    @property
    def environment_file(self) -> Path:
        """The file of one tenant in one environment: the incremental programs change it."""
        return self.repository / "tenants/bistro-00002/production/app.yaml"


def programs(place: Place) -> dict[str, Program]:
    """Every program by the name that the goals use."""
    return {**_ours(place), **_floors(place), **_peers(place)}


def restore(place: Place) -> None:
    """Bring back the file that the incremental programs change."""
    git = ["git", "-C", str(place.repository)]
    subprocess.run([*git, "checkout", "-q", "--", str(place.environment_file)], check=True)


def _ours(place: Place) -> dict[str, Program]:
    terrace = (place.terrace, "-C", str(place.repository))
    sealed = place.output / "build"
    build = (*terrace, "build", "--all", "--no-origins", "--output", str(sealed))
    validate = (*terrace, "validate")
    return {
        "build": Command((*build, "--jobs", "1"), before=_removed(sealed)),
        "build-2": Command((*build, "--jobs", "2"), before=_removed(sealed)),
        "validate": Command((*validate, "--no-cache", "--jobs", "1")),
        "validate-at": Command((*validate, "--no-cache", "--jobs", "1", "--at", "HEAD")),
        "unchanged": Command(validate),
        "one-changed": Command(validate, before=lambda: _touch(place.environment_file)),
        "one-named": Command((*validate, "--no-cache", str(place.environment_file))),
        "hook": Command((*validate, "--no-cache", str(place.tenant_file))),
        "lint": Command((place.terrace, "lint", str(place.tenant_file))),
        "read-commit": Command((PYTHON, str(HERE / "ours/read_commit.py"), str(place.repository), "HEAD")),
        "resident": Command((PYTHON, str(HERE / "ours/resident.py"), str(place.repository)), reports_memory=True),
    }


def _floors(place: Place) -> dict[str, Program]:
    repository = str(place.repository)
    size = sum(path.stat().st_size for path in place.repository.rglob("*.yaml"))
    return {
        "pass": Command((PYTHON, "-c", "pass")),
        "parse-once": Command((PYTHON, str(HERE / "peers/parse_once.py"), repository)),
        "cat-file": Command((PYTHON, str(HERE / "peers/cat_file.py"), repository, "HEAD")),
        "git-status": _found("git", "-C", repository, "status", "--porcelain"),
        "yaml-bytes": Constant(size),
    }


def _peers(place: Place) -> dict[str, Program]:
    repository, output = str(place.repository), place.output
    schema = str(place.repository / "schemas/generated/app.layer.json")
    layout = output / "himl-layout"
    return {
        "yamllint": _found("yamllint", "-d", "relaxed", str(place.tenant_file)),
        "check-jsonschema": _found("check-jsonschema", "--schemafile", schema, str(place.tenant_file)),
        "node": _installed(place.peers.node, repository, str(output / "node")),
        "hiera": _installed(place.peers.hiera, repository, str(output / "hiera")),
        "himl": _installed(place.peers.himl, str(layout), str(output / "himl"), before=_himl_layout(place, layout)),
        "kapitan": Missing("no program for it here; benchmarks/README.md says what it was"),
        "kustomize": Missing("no program for it here; benchmarks/README.md says what it was"),
    }


def _found(name: str, *arguments: str) -> Program:
    """A program beside this Python, else one on the PATH."""
    beside = Path(PYTHON).with_name(name)
    path = str(beside) if beside.exists() else shutil.which(name)
    return Command((path, *arguments)) if path else Missing(f"{name} is not installed")


def _installed(peer: tuple[str, ...] | Missing, *arguments: str, before: Callable[[], None] | None = None) -> Program:
    return peer if isinstance(peer, Missing) else Command((*peer, *arguments), before=before)


def _removed(folder: Path) -> Callable[[], None]:
    return lambda: shutil.rmtree(folder, ignore_errors=True)


def _himl_layout(place: Place, layout: Path) -> Callable[[], None]:
    def make() -> None:
        if not layout.exists():
            script = str(HERE / "peers/himl/layout.py")
            subprocess.run([PYTHON, script, str(place.repository), str(layout)], check=True, env=clean_environment({}))

    return make


def _touch(path: Path) -> None:
    """Give the file a content that it never had, so that no cache can know it."""
    value = 1_000_000 + time.time_ns() // 1000 % 8_000_000
    text, count = re.subn(r"(?m)^(  requests_per_minute: )\d+$", rf"\g<1>{value}", path.read_text())
    assert count == 1, f"{path} does not set limits.requests_per_minute"
    path.write_text(text)
