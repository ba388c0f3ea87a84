"""The signature of a bundle is one that cosign verifies."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from terrace.bundle import Bundle
from tests import golang
from tests.signing import key_in, signed

VERSION = "v3.0.4"
pytestmark = pytest.mark.real


def cosign() -> Path:
    """The program; minutes the first time."""

    def build(go: str, folder: Path) -> None:
        environ = {**os.environ, "GOBIN": str(folder), "GOTOOLCHAIN": "local"}
        subprocess.run([go, "install", f"github.com/sigstore/cosign/v3/cmd/cosign@{VERSION}"], env=environ, check=True)

    return golang.built(f"cosign-{VERSION}", build) / "cosign"


def verified(folder: Path, key: str, name: str, home: Path) -> str:
    command = [
        str(cosign()), "verify-blob-attestation", "--key", key, "--bundle", str(folder / "signature.json"),
        "--type", "urn:terrace:bundle:v1", "--insecure-ignore-tlog=true", str(folder / name),
    ]  # fmt: skip
    environ = {"HOME": str(home), "PATH": os.environ["PATH"]}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (ended.returncode == 0) == ("Verified OK" in ended.stderr), ended.stderr
    return "Verified OK" if ended.returncode == 0 else ended.stderr


def test_cosign_verifies_what_is_signed_and_nothing_else(bundle: Bundle, tmp_path: Path) -> None:
    key, stranger = key_in(tmp_path), key_in(tmp_path, "stranger")
    folder = signed(bundle.folder, key)
    for name in ("manifest.json", "provenance.json"):
        assert verified(folder, f"{key.name}.pub", name, tmp_path) == "Verified OK"
        assert verified(folder, f"{stranger.name}.pub", name, tmp_path) != "Verified OK"
        (folder / name).write_bytes((folder / name).read_bytes() + b" ")
        assert "does not match any digest" in verified(folder, f"{key.name}.pub", name, tmp_path)
