"""The recovery drill, as the documentation has it: a repository outlives the loss of its main key.

The commands are those of docs/secrets-recipients.md, run by a shell, on a repository that real commands made.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from terrace import sops
from terrace.opening import by_place
from terrace.secrets import ledger
from terrace.sops import identities
from terrace.sops.errors import NoKeyError
from tests.sops.program import VERSIONS, Sops

PAGE = Path(__file__).parents[2] / "docs/secrets-recipients.md"
SECTION = "## A key is lost"
SAFE = "/media/safe"
FILES = {
    "environments/development/shop.secrets.yaml": "database.password",
    "environments/production/shop.secrets.yaml": "database.password",
    "tenants/acme/production/shop.secrets.yaml": "display.token",
}
FIELD = "    title: Annotated[str,"
TOKEN = "    token: Annotated[SecretStr | None, Secret(), Field(description='Token of its shop system.')] = None\n"
POLICY = (
    "rotation:\n  shop.database.password: {max_age: 90d, generate: password}\n  shop.display.token: {generate: hex}\n"
)


class Drill:
    """A repository, a home and a safe; nothing else of this machine is seen by the commands."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root, self.safe = folder, folder / "repository", folder / "safe"
        self.keys = folder / "home/.config/sops/age/keys.txt"
        (folder / "home").mkdir()
        self.environ = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(folder / "home")}

    def run(self, *argv: str, stdin: str = "", code: int = 0, at: Path | None = None) -> str:
        """What a command said; it must end as it should."""
        command = [sys.executable, "-m", "terrace", *argv]
        done = subprocess.run(
            command, cwd=at or self.root, env=self.environ, input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def written_down(self) -> subprocess.CompletedProcess[str]:
        """The commands of the page, in one shell, which stops at the first that fails."""
        section = PAGE.read_text().split(SECTION)[1].split("\n## ")[0]
        lines = [line.strip().removeprefix("$ ") for line in section.splitlines() if line.strip().startswith("$ ")]
        script = "\n".join(lines).replace(SAFE, str(self.safe))
        return subprocess.run(
            ["/bin/sh", "-euxc", script], cwd=self.root, env=self.environ, capture_output=True, text=True, check=False
        )

    def text(self, path: str) -> str:
        return (self.root / path).read_text()

    def values(self, path: str, key: str) -> Mapping[str, object]:
        """What a key opens of a file, by dotted path; nothing if it does not."""
        try:
            found = by_place(sops.open_(self.text(path), identities.of(key)).values)
        except NoKeyError:
            return {}
        return {".".join(map(str, pointer)): value for pointer, value in found.items()}


@pytest.fixture
def begun(tmp_path: Path) -> Drill:
    """A repository with a main key and a recovery key, and secrets in two environments and of a tenant."""
    drill = Drill(tmp_path)
    wheel = tmp_path / "terrace_config-1.0.0-py3-none-any.whl"
    wheel.write_bytes(b"")
    drill.run("init", str(drill.root), "--service", "shop", "--wheel", str(wheel), at=tmp_path)
    contract = drill.root / "schemas/shop.py"
    contract.write_text(contract.read_text().replace(FIELD, TOKEN + FIELD, 1))
    drill.run("schemas")
    for name in ("development", "production"):
        with (drill.root / f"environments/{name}/environment.yaml").open("a") as stream:
            stream.write(POLICY)
    drill.run("secrets", "init", "recovery", "--kind", "recovery", "--key-file", str(drill.safe / "recovery.txt"))
    drill.run("secrets", "init", "main", "--env", "development", "--env", "production")
    tenant = drill.root / "tenants/acme"
    tenant.mkdir(parents=True)
    (tenant / "tenant.yaml").write_text(
        "display_name: Acme\nservices: [shop]\nenvironments: [production]\nrecipients: [main]\n"
    )
    drill.run("secrets", "recipients", "sync")
    for path, secret in FILES.items():
        where = ["--env", path.split("/")[-2], *(["--tenant", "acme"] if path.startswith("tenants") else [])]
        drill.run("secrets", "set", "shop", secret, *where, "--stdin", stdin=f"value-of-{path}")
    for command in (["add", "--all"], ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "Begin"]):
        subprocess.run(["git", *command], cwd=drill.root, env=drill.environ, check=True, capture_output=True)
    drill.run("validate", "--fail-on", "warning")
    return drill


def lost(drill: Drill) -> str:
    """The main key, which is gone from where it was."""
    key = drill.keys.read_text().splitlines()[-1]
    drill.keys.unlink()
    return key


def test_without_any_key_nothing_opens(begun: Drill) -> None:
    lost(begun)
    begun.run("secrets", "rotate", "shop", "database.password", "--env", "production", code=3)


def test_the_recovery_key_brings_a_repository_back(begun: Drill) -> None:
    old = lost(begun)
    before = {path: begun.values(path, old) for path in FILES}
    assert all(before.values())
    done = begun.written_down()
    assert done.returncode == 0, done.stdout + done.stderr
    new = begun.keys.read_text().splitlines()[-1]
    recovery = (begun.safe / "recovery.txt").read_text().splitlines()[-1]
    for path, secret in FILES.items():
        assert f"  {path}: {secret}\n" in done.stdout, "what could be read is named"
        assert begun.values(path, old) == {}, "the lost key opens nothing"
        assert begun.values(path, new) == begun.values(path, recovery)
        assert begun.values(path, new).keys() == {secret}
        assert begun.values(path, new) != before[path], "what could be read is renewed"
        (entry,) = ledger.read(begun.text(path.replace(".secrets.", ".ledger."))).values()
        assert (entry.due, entry.revoked) == (None, entry.rotated)
    assert "3 of 3 secrets files opened" in done.stderr
    assert "main-2" in begun.text("tenants/acme/tenant.yaml"), "it is let in wherever the lost one was"
    assert "retired: " in begun.text("recipients.yaml")
    for private in (old, new, recovery):
        assert private not in done.stdout + done.stderr
    begun.run("validate", "--fail-on", "warning")


def test_until_it_is_renewed_all_that_was_lost_is_due(begun: Drill) -> None:
    lost(begun)
    begun.environ["SOPS_AGE_KEY_FILE"] = str(begun.safe / "recovery.txt")
    begun.run("secrets", "init", "main-2", "--like", "main")
    begun.run("secrets", "recipients", "remove", "main")
    said = json.loads(begun.run("secrets", "status", "--format", "json", code=1))
    assert {each["file"]: each["state"] for each in said["secrets"]} == dict.fromkeys(FILES, "overdue")
    assert "SEC035" in begun.run("validate", "--fail-on", "warning", code=1)


@pytest.mark.real
@pytest.mark.parametrize("version", VERSIONS)
def test_the_real_sops_opens_what_the_drill_made(begun: Drill, version: str, tmp_path: Path) -> None:
    old = lost(begun)
    assert begun.written_down().returncode == 0
    new = begun.keys.read_text().splitlines()[-1]
    for path, secret in FILES.items():
        section, name = secret.split(".")
        found = json.loads(Sops(version, tmp_path, new).decrypt(begun.text(path), to="json"))
        assert found == {section: {name: begun.values(path, new)[secret]}}
        Sops(version, tmp_path, old).decrypt(begun.text(path), fails=True)
