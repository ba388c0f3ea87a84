"""TLS: refused at the start where it is not right, and a new certificate taken up while requests go on."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import threading
from pathlib import Path

import pytest

from terrace import cli
from terrace.errors import TerraceError
from terrace.server.tls import Tls
from tests.server.conftest import Shop, Tokens, eventually
from tests.server.pki import HERE, SERVER, Authority, Files
from tests.server.process import Client, once, serving

URL = "/v1/config/kitchen/production"


@pytest.fixture
def authority(shop: Shop) -> Authority:
    return Authority(shop.folder)


@pytest.fixture
def mine(authority: Authority) -> Files:
    """The server's certificate."""
    return authority.issue("server", HERE, use=SERVER)


def options(files: Files) -> list[str]:
    return ["--tls-cert", str(files.certificate), "--tls-key", str(files.key)]


def serial(port: int, context: ssl.SSLContext) -> str:
    """The number of the certificate that a new connection is shown."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        return str((secure.getpeercert() or {})["serialNumber"])


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (["--tls-cert", "{cert}"], "come together"),
        (["--client-ca", "{cert}"], "only with them"),
        (["--tls-cert", "{cert}", "--tls-key", "{cert}"], "not PEM, or not without passphrase"),
        (["--tls-cert", "{cert}", "--tls-key", "{other}"], "do not belong together"),
        (["--tls-cert", "{cert}x", "--tls-key", "{key}"], "No such file"),
        (["--tls-cert", "{cert}", "--tls-key", "{key}", "--client-ca", "{key}"], "cannot use {key}"),
        (["--tls-cert", "{cert}", "--tls-key", "{key}", "--client-ca", "{ca}", "--behind-proxy"], "is the proxy's"),
        (["--tls-cert", "{cert}", "--tls-key", "{key}", "--host", "0.0.0.0"], "nothing says who may ask"),
    ],
)
def test_files_that_are_not_right_are_refused_at_the_start(
    shop: Shop,
    authority: Authority,
    mine: Files,
    capsys: pytest.CaptureFixture[str],
    said: list[str],
    says: str,
) -> None:
    other = authority.issue("other", HERE).key
    names = {"cert": mine.certificate, "key": mine.key, "other": other, "ca": authority.certificate}
    argv = [each.format(**names) for each in said]
    assert cli.run(["serve", "--source", str(shop.root), *argv]) in (2, 3)
    assert says.format(**names) in capsys.readouterr().err


def test_a_key_with_a_passphrase_is_refused_and_asks_nobody(mine: Files) -> None:
    from cryptography.hazmat.primitives import serialization as forms

    key = forms.load_pem_private_key(mine.key.read_bytes(), None)
    locked = forms.BestAvailableEncryption(b"a passphrase")
    mine.key.write_bytes(key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, locked))
    with pytest.raises(TerraceError, match="not without passphrase"):
        Tls(str(mine.certificate), str(mine.key)).context()


def test_nothing_older_than_tls_1_2_is_spoken(mine: Files) -> None:
    assert Tls(str(mine.certificate), str(mine.key)).context().minimum_version == ssl.TLSVersion.TLSv1_2


def test_other_machines_may_be_served_over_tls(
    shop: Shop, authority: Authority, mine: Files, tokens_file: Tokens
) -> None:
    shop.deploy()
    token = tokens_file.make("all")
    trusted = authority.trusted()
    said = ["--host", "0.0.0.0", "--tokens", str(tokens_file.path), *options(mine)]
    with serving(shop, *said, context=trusted) as running:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            trusted.minimum_version = trusted.maximum_version = version
            assert once(running.port, URL, trusted, Authorization=f"Bearer {token}").status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            once(running.port, "/livez", ssl.create_default_context())
        with pytest.raises(ConnectionError):
            once(running.port, "/livez")


class Asking(threading.Thread):
    """Asks again and again, over one connection or a new one each time, and counts what failed."""

    def __init__(self, port: int, context: ssl.SSLContext, *, keep: bool) -> None:
        super().__init__(daemon=True)
        self._port, self._context, self._keep = port, context, keep
        self.failed: list[str] = []
        self.answered = 0
        self.over = threading.Event()

    def run(self) -> None:
        """Ask until it is over."""
        with Client(self._port, self._context) as kept:
            while not self.over.is_set():
                try:
                    reply = kept.get(URL) if self._keep else once(self._port, URL, self._context)
                    self.answered += reply.status == 200
                    self.failed += [] if reply.status == 200 else [str(reply)]
                except OSError as error:
                    self.failed.append(repr(error))


def replaced(files: Files, by: Files) -> None:
    """Put another certificate into the files: at first it does not belong to the key."""
    for old, new in zip(files, by, strict=True):
        beside = old.with_suffix(".new")
        shutil.copy(new, beside)
        beside.replace(old)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_new_certificate_is_taken_up_and_no_request_fails(
    shop: Shop, authority: Authority, mine: Files, workers: str
) -> None:
    shop.deploy()
    trusted = authority.trusted()
    with serving(shop, *options(mine), "--workers", workers, "--rate", "0", context=trusted) as running:
        load = [Asking(running.port, trusted, keep=keep) for keep in (True, False)]
        for each in load:
            each.start()
        for number in range(3):
            before = serial(running.port, trusted)
            replaced(mine, authority.issue(f"server-{number}", HERE, use=SERVER))
            assert serial(running.port, trusted) != before
        if workers == "1":
            os.kill(running.process.pid, signal.SIGHUP)
        mine.certificate.write_text("damaged")
        asked = [each.answered for each in load]
        eventually(lambda: all(each.answered > before + 5 for each, before in zip(load, asked, strict=True)))
        for each in load:
            each.over.set()
            each.join(timeout=30)
        assert [failed for each in load for failed in each.failed] == []
        running.stop()
        assert any("certificate, key and client CA stay as they were" in line for line in running.said)


def test_a_key_that_everybody_can_read_is_warned_of(
    mine: Files, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    from terrace.server.tls import check

    check(Tls(str(mine.certificate), str(mine.key)))
    assert not caplog.records
    mine.key.chmod(0o644)
    check(Tls(str(mine.certificate), str(mine.key)))
    assert "chmod 600" in caplog.text
