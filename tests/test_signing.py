"""From a key to a release that is signed, on the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from terrace import cli
from terrace.bundle import open_bundle
from terrace.bundle.keys import SigningKey
from terrace.bundle.new_key import create
from terrace.bundle.packed import open_packed
from terrace.bundle.signers import check, signers_of

BASE = Path(__file__).parent / "cases" / "_base"
ENVIRONMENT = "kind: staging\norder: 2\ndestinations: [{directory: .terrace/live}]\n"
VARIABLES = ("TERRACE_SIGNING_KEY", "TERRACE_SIGNING_PASSPHRASE_FILE", "TERRACE_SIGNERS")


class Place:
    """A repository, keys beside it, and the program."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.repo = folder / "repo"
        shutil.copytree(BASE, self.repo)
        self.git("init", "--quiet", "--initial-branch=main")
        self.folder, self._capsys = folder, capsys
        self.said = ""

    def git(self, *words: str) -> None:
        config = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        subprocess.run(["git", *config, *words], cwd=self.repo, check=True, capture_output=True)

    def signers(self, *keys: SigningKey) -> None:
        """Commit an environment that names these."""
        named = "".join(
            f"  {Path(key.name).name}: |\n" + "".join(f"    {line}\n" for line in key.public.pem.splitlines())
            for key in keys
        )
        text = ENVIRONMENT + (f"signers:\n{named}" if keys else "")
        (self.repo / "environments/staging/environment.yaml").write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "Signers")

    def run(self, *argv: str) -> int:
        """Run a command; what it printed is in `said`."""
        code = cli.run(["-C", str(self.repo), *argv])
        out, err = self._capsys.readouterr()
        self.said = out + err
        return int(code)

    @property
    def live(self) -> Path:
        return self.repo / ".terrace" / "live" / "orders"


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Place:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return Place(tmp_path, capsys)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return create(tmp_path / "pipeline")


def test_a_build_is_signed_and_verified(place: Place, key: SigningKey, tmp_path: Path) -> None:
    place.signers()
    out = tmp_path / "out"
    assert place.run("build", "--env", "staging", "-o", str(out), "--pack", "--sign", key.name) == 0
    public = f"{key.name}.pub"
    trusted = signers_of([public], "a test")
    assert check(open_bundle(out / "staging" / "orders"), trusted)
    assert check(open_packed(out / "staging" / "orders.bundle.tar"), trusted)
    assert place.run("verify", str(out / "staging"), "--signers", public) == 0
    assert f"signed by {public} (sha256:" in place.said
    packed = str(out / "staging" / "orders.bundle.tar")
    assert place.run("verify", packed, "--signers", public, "--format", "json") == 0
    assert json.loads(place.said)["bundles"][0]["signer"].startswith(public)
    other = create(tmp_path / "other")
    assert place.run("verify", packed, "--signers", f"{other.name}.pub") == 1
    assert f"{packed} is signed by none of those who are trusted" in place.said
    assert place.run("verify", packed, "--signers", f"{other.name}.pub", "--signers", public) == 0


def test_building_twice_gives_the_same_bytes(place: Place, key: SigningKey, tmp_path: Path) -> None:
    place.signers()
    made = []
    for name in ("one", "two"):
        assert place.run("build", "--env", "staging", "-o", str(tmp_path / name), "--sign", key.name) == 0
        made.append((tmp_path / name / "staging" / "orders" / "signature.json").read_bytes())
    assert made[0] == made[1]


def test_only_what_is_signed_is_deployed_where_the_environment_says_so(
    place: Place, key: SigningKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.signers(key)
    assert place.run("deploy", "--env", "staging") == 1
    assert "is not signed" in place.said
    assert not place.live.exists()
    assert place.run("deploy", "--env", "staging", "--sign", create(tmp_path / "stranger").name) == 1
    assert "are trusted: pipeline" in place.said
    monkeypatch.setenv("TERRACE_SIGNING_KEY", key.name)
    assert place.run("deploy", "--env", "staging") == 0
    assert check(open_bundle(place.live), signers_of([f"{key.name}.pub"], "a test"))


def test_an_old_commit_does_not_say_who_may_sign_today(place: Place, key: SigningKey, tmp_path: Path) -> None:
    place.signers()
    newer = create(tmp_path / "newer")
    place.signers(key)
    place.signers(newer)
    assert place.run("deploy", "--env", "staging", "--at", "HEAD~2") == 1
    assert "is not signed" in place.said
    assert place.run("deploy", "--env", "staging", "--at", "HEAD~1", "--sign", key.name) == 1
    assert place.run("deploy", "--env", "staging", "--at", "HEAD~1", "--sign", newer.name) == 0


def test_keys_are_exchanged_in_three_steps(place: Place, key: SigningKey, tmp_path: Path) -> None:
    newer = create(tmp_path / "newer")
    steps = [((key,), key), ((key, newer), key), ((key, newer), newer), ((newer,), newer)]
    for signers, by in steps:
        place.signers(*signers)
        assert place.run("deploy", "--env", "staging", "--sign", by.name) == 0, place.said
        assert check(open_bundle(place.live), signers_of([f"{by.name}.pub"], "a test"))


def test_a_rollback_signs_what_it_puts_together(place: Place, key: SigningKey, tmp_path: Path) -> None:
    place.signers(key)
    assert place.run("deploy", "--env", "staging", "--sign", key.name) == 0
    layer = place.repo / "environments/staging/orders.yaml"
    layer.write_text(layer.read_text().replace("pool_size: 20", "pool_size: 21"))
    place.git("commit", "--quiet", "--all", "-m", "More")
    assert place.run("deploy", "--env", "staging", "--sign", key.name) == 0
    assert place.run("rollback", "--env", "staging", "--reason", "It fails") == 0, place.said
    assert check(open_bundle(place.live), signers_of([f"{key.name}.pub"], "a test"))


def test_a_key_that_is_encrypted_needs_its_passphrase(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.signers()
    secret = tmp_path / "secret"
    secret.write_text("seven-otters-in-a-row\n")
    file = str(tmp_path / "locked")
    assert place.run("keys", "create", "--out", file, "--passphrase", str(secret)) == 0
    build = ("build", "--env", "staging", "-o", str(tmp_path / "out"), "--sign", file)
    assert place.run(*build) == 3
    assert "is encrypted, and no passphrase is given" in place.said
    assert place.run(*build, "--sign-passphrase", str(secret)) == 0
    monkeypatch.setenv("TERRACE_SIGNING_PASSPHRASE_FILE", str(secret))
    assert place.run(*build) == 0
    secret.write_text("eight-otters")
    assert place.run(*build) == 3
    assert "the passphrase does not open" in place.said
    assert "otters" not in place.said


def test_what_cannot_be_is_wrong_use(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.signers()
    assert place.run("build", "--env", "staging", "--sign-passphrase", str(tmp_path / "x")) == 2
    assert place.run("build", "--env", "staging", "--sign", str(tmp_path / "nowhere")) == 3
    assert "the signing key cannot be read" in place.said
    monkeypatch.setenv("TERRACE_SIGNERS", "")
    assert place.run("verify", str(tmp_path)) == 3
    assert "names no key" in place.said
