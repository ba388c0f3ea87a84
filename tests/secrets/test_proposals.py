"""A proposal is a secrets file ranked right above the main one of its folder and service; a ledger is no layer."""

from __future__ import annotations

from terrace import load
from terrace.layering import Layering
from terrace.model.layers import Target
from terrace.validate.examples import FILES, MemorySource
from terrace.validate.sealed_text import NOTES, SEALED

_FOLDER = "environments/production"
_TEXT = f"database:\n  password: {SEALED}\n{NOTES}"
_MAIL = f"mail:\n  token: {SEALED}\n{NOTES}"


def ranked(files: dict[str, str], tenant: str | None = None) -> list[str]:
    repository = load.load(MemorySource({**FILES, **files}))
    layering = Layering(repository)
    found = layering.secrets(Target("app", "production", tenant), repository.tenants.get(tenant or ""))
    return [document.path for document, _ in found]


def test_proposals_come_right_above_the_main_file_by_name() -> None:
    names = ["app.proposed-b-2", "app.proposed-a-3", "shared.proposed-z-1", "shared"]
    files = {f"{_FOLDER}/{name}.secrets.yaml": _MAIL if "shared" in name else _TEXT for name in names}
    order = ["shared", "shared.proposed-z-1", "app", "app.proposed-a-3", "app.proposed-b-2"]
    assert ranked(files) == [f"{_FOLDER}/{name}.secrets.yaml" for name in order]


def test_a_proposal_needs_no_main_file_and_stays_below_the_tenant_s() -> None:
    files = {
        f"{_FOLDER}/shared.proposed-z-1.secrets.yaml": _MAIL,
        "tenants/acme/production/app.secrets.yaml": _TEXT,
        "tenants/acme/production/app.proposed-a-1.secrets.yaml": _TEXT,
    }
    assert ranked(files, "acme") == [
        f"{_FOLDER}/shared.proposed-z-1.secrets.yaml",
        f"{_FOLDER}/app.secrets.yaml",
        "tenants/acme/production/app.secrets.yaml",
        "tenants/acme/production/app.proposed-a-1.secrets.yaml",
    ]


def test_a_ledger_is_neither_a_layer_nor_a_secrets_file() -> None:
    path = f"{_FOLDER}/app.ledger.yaml"
    repository = load.load(MemorySource({**FILES, path: "database.password: {}\n"}))
    config = Layering(repository).effective(Target("app", "production"))
    assert path not in [layer.path for layer in config.layers]
    assert path not in ranked({path: "database.password: {}\n"})
    assert list(repository.files.ledgers) == [path]
