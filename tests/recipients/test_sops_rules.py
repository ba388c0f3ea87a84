"""`.sops.yaml` as the register leads to it: SOPS itself encrypts by it for exactly those whom we encrypt for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyrage
import pytest
import yaml

from terrace import sops
from terrace.load import load
from terrace.model.entities import Repository
from terrace.model.recipients import Recipient, asked
from terrace.model.sops_rules import is_stale, is_stale_for, sops_rules
from terrace.sops.config import read, rule_for
from terrace.validate.examples import FILES, MemorySource
from tests.sops.program import VERSIONS, Sops

NAMES = ("recovery", "app", "eu", "anna", "acme-admin", "ben")
IDENTITIES = {name: pyrage.x25519.Identity.generate() for name in NAMES}
KEYS = {name: str(identity.to_public()) for name, identity in IDENTITIES.items()}
REGISTER = f"""\
recipients:
  app: {{kind: workload, key: {KEYS["app"]}, owner: app, environments: [production], since: 2026-01-01}}
  eu: {{kind: workload, key: {KEYS["eu"]}, owner: app, environments: [eu], since: 2026-01-01}}
  anna: {{kind: person, key: {KEYS["anna"]}, owner: anna, environments: [staging], since: 2026-01-01}}
  acme-admin: {{kind: person, key: {KEYS["acme-admin"]}, owner: acme, environments: [production], since: 2026-01-01}}
  ben: {{kind: person, key: {KEYS["ben"]}, owner: ben, environments: [staging], since: 2026-01-01, retired: 2026-02-01}}
  recovery: {{kind: recovery, key: {KEYS["recovery"]}, owner: security, since: 2026-01-01}}
"""
LAID = {
    "recipients.yaml": REGISTER,
    "environments/production/environment.yaml": "kind: production\nprotected: true\nrecipients: [app, anna]\n",
    "environments/eu/environment.yaml": "kind: production\nprotected: true\nextends: production\nrecipients: [eu]\n",
    "environments/staging/environment.yaml": "kind: staging\nrecipients: [anna, ben, nobody]\n",
    "tenants/acme/tenant.yaml": "services: [app]\nenvironments: [staging, production]\nrecipients: [acme-admin]\n",
    "tenants/nordics/fjord/tenant.yaml": "services: [app]\nenvironments: [production]\n",
}
OPEN = {
    "environments/production/app.secrets.yaml": {"app", "eu", "recovery"},
    "environments/production/app.proposed-database-1f.secrets.yaml": {"app", "eu", "recovery"},
    "environments/eu/shared.secrets.yaml": {"eu", "recovery"},
    "environments/staging/app.secrets.yaml": {"anna", "recovery"},
    "tenants/acme/production/app.secrets.yaml": {"app", "eu", "acme-admin", "recovery"},
    "tenants/acme/staging/app.secrets.yaml": {"anna", "recovery"},
    "tenants/nordics/fjord/production/app.secrets.yaml": {"app", "eu", "recovery"},
    "environments/development/app.secrets.yaml": set(),
    "environments/production/more/app.secrets.yaml": set(),
    "environments/production/app.yaml": set(),
    "backup/environments/production/app.secrets.yaml": set(),
}
"""Who may open a file, by the register and what is said above; nobody where SOPS is to have no rule."""


def repository(**changed: str) -> Repository:
    return load(MemorySource({**FILES, **LAID, **changed}))


def rules(found: Repository) -> str:
    return sops_rules(found, found.tenants.values())


@pytest.mark.parametrize("path", OPEN)
def test_rule_of_a_file_names_those_who_may_open_it(path: str) -> None:
    rule = rule_for(read(rules(repository())), path)
    assert ({*rule.recipients} if rule else set()) == {KEYS[name] for name in OPEN[path]}


@pytest.mark.parametrize("path", [path for path, names in OPEN.items() if names])
def test_rule_of_a_file_is_what_is_asked_for_it(path: str) -> None:
    found = repository()
    tenant = next((each for each in found.tenants.values() if path.startswith(each.folder)), None)
    assert {each.name for each in asked(found, path.split("/")[-2], tenant)} == OPEN[path]


def test_what_was_just_made_is_not_stale() -> None:
    found = repository()
    found = found._replace(sops_rules=rules(found))
    assert not is_stale(found)
    assert not any(is_stale_for(found, tenant) for tenant in found.tenants.values())


@pytest.mark.parametrize("name", ["app", "eu", "anna", "acme-admin"])
def test_somebody_more_or_less_makes_it_stale(name: str) -> None:
    text = rules(repository())
    changed = REGISTER.replace(KEYS[name], str(pyrage.x25519.Identity.generate().to_public()))
    found = repository(**{"recipients.yaml": changed})._replace(sops_rules=text)
    assert is_stale(found) or any(is_stale_for(found, tenant) for tenant in found.tenants.values())


def test_rule_that_somebody_added_by_hand_makes_it_stale() -> None:
    found = repository()
    more = f"  - path_regex: '^tenants/acme/production/x$'\n    age: >-\n      {KEYS['ben']}\n"
    text = rules(found).replace("creation_rules:\n", f"creation_rules:\n{more}")
    found = found._replace(sops_rules=text)
    assert any(is_stale_for(found, tenant) for tenant in found.tenants.values())


def test_folder_of_a_tenant_is_taken_literally() -> None:
    path = "tenants/a.c/tenant.yaml"
    found = repository(**{path: "services: [app]\nenvironments: [production]\nrecipients: [acme-admin]\n"})
    text = rules(found)
    assert r"^tenants/a\.c/production/" in text
    rule = rule_for(read(text), "tenants/abc/production/app.secrets.yaml")
    assert rule is not None
    assert KEYS["acme-admin"] not in rule.recipients


@pytest.mark.real
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", [path for path, names in OPEN.items() if names])
def test_sops_encrypts_a_new_file_for_exactly_those(version: str, path: str, tmp_path: Path) -> None:
    (tmp_path / ".sops.yaml").write_text(rules(repository()), encoding="utf-8")
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text("database:\n    password: correct horse\n", encoding="utf-8")
    theirs = Sops(version, tmp_path, "").run("encrypt", path)
    keys = [KEYS[each.name] for each in asked_for(path)]
    ours = sops.create({"database": {"password": "correct horse"}}, keys, now=datetime.now(UTC))
    for name, identity in IDENTITIES.items():
        opens = [_opens(text, str(identity)) for text in (theirs, ours)]
        assert opens == [name in OPEN[path]] * 2, name
    assert _shape(theirs) == _shape(ours)


@pytest.mark.real
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", [path for path, names in OPEN.items() if not names])
def test_sops_makes_no_file_where_secrets_have_no_place(version: str, path: str, tmp_path: Path) -> None:
    (tmp_path / ".sops.yaml").write_text(rules(repository()), encoding="utf-8")
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text("database:\n    password: correct horse\n", encoding="utf-8")
    Sops(version, tmp_path, "").run("encrypt", path, fails=True)


def asked_for(path: str) -> tuple[Recipient, ...]:
    found = repository()
    tenant = next((each for each in found.tenants.values() if path.startswith(each.folder)), None)
    return asked(found, path.split("/")[-2], tenant)


def _opens(text: str, key: str) -> bool:
    from terrace.sops import identities
    from terrace.sops.errors import NoKeyError

    try:
        opened = sops.open_(text, identities.of(key))
    except NoKeyError:
        return False
    return bool(opened.values)


def _shape(text: str) -> tuple[object, ...]:
    """What a file shows but for its ciphertext: lines of values, recipients, what it leaves in the open."""
    said = yaml.safe_load(text)
    found = sops.inspect(text)
    leaves = [(leaf.pointer, leaf.label, leaf.size, leaf.span.column) for leaf in found.leaves]
    assert found.metadata is not None
    selector = found.metadata.selector
    return leaves, sorted(entry["recipient"] for entry in said["sops"]["age"]), selector, found.problems, found.warnings
