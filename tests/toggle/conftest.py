"""A small repository with flags, in a real Git repository."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.git.conftest import Repo, make

AREA = """\
# Everything about paying
segments:
  staff: {description: Our own people, when: {email: {ends_with: "@harbour.example"}}}
flags:
  checkout-v2:                      # the new page
    type: boolean
    owner: team-payments
    created: 2026-11-01
    permanent: true
    variants: {on: true, off: false}
    off_variant: off
    environments:
      development: {default: on}    # all of us
      # careful here
      production:
        default: off   # for now
        rules:
          - {name: staff, when: {segment: staff}, serve: on}
          - {name: the rest, rollout: {on: 20, off: 80}, by: tenant}  # growing
  limit:
    type: integer
    owner: team-payments
    created: 2026-11-01
    permanent: true
    variants: {'small': 10, 'large': 100}
    off_variant: 'small'
    environments:
      staging:
        default: 'small'
tests:
  # the old page stays
  - {flag: checkout-v2, environment: production, context: {email: x@harbour.example}, expect: on}
  - {flag: limit, environment: production, context: {}, expect: small}
"""
FILES = {
    "environments/development/environment.yaml": "kind: development\norder: 1\n",
    "environments/staging/environment.yaml": "kind: staging\norder: 2\n",
    "environments/production/environment.yaml": "kind: production\norder: 3\nprotected: true\n",
    "environments/eu/environment.yaml": "kind: production\norder: 4\nextends: production\nprotected: true\n",
    "flags/payments.yaml": AREA,
}
PATH = "flags/payments.yaml"


class Said(NamedTuple):
    """What a command ended with and wrote."""

    code: int
    out: str
    err: str


Terrace = Callable[..., Said]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nobody's own configuration of Git, no hook's variables and no token reach a test."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "TERRACE_", "GITHUB_", "GITLAB_", "GITEA_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@harbour.example")


@pytest.fixture
def shop(tmp_path: Path) -> Repo:
    """A repository with flags, all of it committed on `main`."""
    repo = make(tmp_path / "shop")
    repo.commit("Start", **FILES)
    return repo
