"""Servers of other makers, each a process of its own on a free port of this machine."""

from __future__ import annotations

import hashlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests import golang

SOURCES = Path(__file__).parent / "vault_server"


@contextmanager
def aws() -> Iterator[str]:
    """The address of moto's server, which answers as AWS does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("moto_server")
    server = subprocess.Popen(
        [str(program), "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(server, port)
        _warm(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def vault() -> Iterator[str]:
    """The address of a Vault server that nobody has initialized yet."""
    server = subprocess.Popen([str(_vault_program())], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout
        yield f"http://{server.stdout.readline().strip()}"
    finally:
        server.terminate()
        server.communicate()


def _vault_program() -> Path:
    """The server, built where it has not been yet: some minutes, once."""
    sources = sorted(SOURCES.iterdir())
    mark = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]

    def build(go: str, folder: Path) -> None:
        for path in sources:
            shutil.copy(path, folder)
        command = [go, "build", "-mod=mod", "-buildvcs=false", "-p", "2", "-o", "vault-server", "."]
        subprocess.run(command, cwd=folder, check=True)

    return golang.built(f"vault-{mark}", build) / "vault-server"


def _warm(address: str) -> None:
    """Ask each service something: the first answer takes the server seconds, which clients under test do not wait."""
    for service, target in (("ssm", "AmazonSSM.GetParameter"), ("secretsmanager", "secretsmanager.GetSecretValue")):
        scope = f"Credential=test/20260101/eu-west-1/{service}/aws4_request"
        headers = {
            "X-Amz-Target": target,
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        }
        asked = Request(address, b'{"Name": "none", "SecretId": "none"}', headers)
        try:
            urlopen(asked, timeout=120).close()
        except HTTPError as refused:
            refused.close()


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(600):
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, "the server ended"
        time.sleep(0.05)
    pytest.fail("the server does not answer")
