"""Callers by certificates: those of the right authority, for what the file says of their names."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from terrace import yamlio
from terrace.server.listed import CallerFile
from terrace.server.peers import Peer, peer
from tests.server.conftest import Shop, Tokens
from tests.server.pki import HERE, SERVER, Authority, dns, uri
from tests.server.process import Client, Reply, Running, once, serving

URL = "/v1/config/kitchen/production"
TILL = "spiffe://shop.example/till/acme"
EVERYTHING: dict[str, Any] = {"environments": ["*"], "services": ["*"], "tenants": ["*"], "may": ["read"]}


def listed(path: Path, *certificates: dict[str, Any]) -> Path:
    """A file of callers by certificates."""
    temporary = path.with_suffix(".new")
    temporary.write_text(yamlio.dump({"certificates": list(certificates)}))
    temporary.chmod(0o644)
    return temporary.replace(path)


ACME = {**EVERYTHING, "name": "acme's till", "san": TILL, "tenants": ["acme"]}
BATCH = {**EVERYTHING, "name": "batch", "san": ["batch.shop.example", "batch-2.shop.example"]}


class Served(NamedTuple):
    """A server that asks for certificates."""

    running: Running
    authority: Authority
    callers: Path
    token: str

    def ask(self, context: ssl.SSLContext, url: str = URL, **headers: str) -> Reply:
        """Ask it over a connection of its own."""
        return once(self.running.port, url, context, **headers)


@pytest.fixture
def served(shop: Shop, tokens_file: Tokens) -> Iterator[Served]:
    shop.deploy(tenants={"acme": {"pool_max": 41}, "bolt": {"pool_max": 42}})
    authority = Authority(shop.folder)
    mine = authority.issue("server", HERE, use=SERVER)
    callers = listed(shop.folder / "callers.yaml", ACME, BATCH)
    token = tokens_file.make("bolt", tenants=["bolt"])
    said = ["--tls-cert", str(mine.certificate), "--tls-key", str(mine.key), "--client-ca", str(authority.certificate)]
    said += ["--callers", str(callers), "--tokens", str(tokens_file.path)]
    with serving(shop, *said, context=authority.trusted()) as running:
        yield Served(running, authority, callers, token)


def test_a_certificate_gets_what_the_file_says_of_its_name(served: Served) -> None:
    acme = served.authority.trusted(served.authority.issue("till", uri(TILL), dns("batch.shop.example")))
    batch = served.authority.trusted(served.authority.issue("batch", dns("batch-2.shop.example")))
    unknown = served.authority.trusted(served.authority.issue("unknown", dns("other.shop.example")))
    unnamed = served.authority.trusted(served.authority.issue("batch.shop.example"))
    own = served.ask(acme, f"{URL}?tenant=acme")
    assert json.loads(own.body)["values"]["database"]["pool_max"] == 41
    for url in (f"{URL}?tenant=bolt", f"{URL}?tenant=gone", URL):
        assert served.ask(acme, url).status == 404
    assert served.ask(batch, f"{URL}?tenant=bolt").status == 200
    nobody = [served.ask(each) for each in (unknown, unnamed, served.authority.trusted())]
    assert {(each.status, each.body) for each in nobody} == {(401, nobody[0].body)}
    assert served.ask(served.authority.trusted(), "/livez").status == 200
    served.running.stop()
    callers = {json.loads(line).get("caller") for line in served.running.said}
    assert {"acme's till (certificate)", "batch (certificate)"} <= callers


def test_what_is_presented_decides_and_a_bad_token_gets_no_certificate_s_scopes(served: Served) -> None:
    acme = served.authority.trusted(served.authority.issue("till", uri(TILL)))
    with_token = {"Authorization": f"Bearer {served.token}"}
    assert served.ask(acme, f"{URL}?tenant=acme", **with_token).status == 404
    assert served.ask(acme, f"{URL}?tenant=bolt", **with_token).status == 200
    for bad in ("Bearer trc_x", "Bearer a.b.c", "Bearer", "Basic YTpi", f"Bearer {served.token}x"):
        assert served.ask(acme, f"{URL}?tenant=acme", Authorization=bad).status == 401


@pytest.mark.parametrize("kind", ["another authority", "over", "a server's", "made by itself"])
def test_a_certificate_that_is_not_right_opens_no_connection(served: Served, shop: Shop, kind: str) -> None:
    folder = shop.folder / "others"
    folder.mkdir()
    match kind:
        case "another authority":
            shown = Authority(folder).issue("till", uri(TILL))
        case "over":
            shown = served.authority.issue("till", uri(TILL), good=timedelta(seconds=-5))
        case "a server's":
            shown = served.authority.issue("till", uri(TILL), use=SERVER)
        case _:
            shown = Authority(folder, "till").issue("till", uri(TILL))
    with pytest.raises(OSError, match=r"(?i)alert|closed|reset"):
        served.ask(served.authority.trusted(shown))


def test_a_name_that_is_taken_out_is_refused_on_connections_that_are_open(served: Served) -> None:
    acme = served.authority.trusted(served.authority.issue("till", uri(TILL)))
    with Client(served.running.port, acme) as kept:
        assert kept.get(f"{URL}?tenant=acme").status == 200
        listed(served.callers, BATCH)
        assert kept.get(f"{URL}?tenant=acme").status == 401
        listed(served.callers, BATCH, ACME)
        assert kept.get(f"{URL}?tenant=acme").status == 200


def test_another_authority_is_taken_up_while_it_serves(served: Served, shop: Shop) -> None:
    old = served.authority.trusted(served.authority.issue("till", uri(TILL)))
    folder = shop.folder / "next"
    folder.mkdir()
    following = Authority(folder, "next")
    new = served.authority.trusted(following.issue("till", uri(TILL)))
    assert served.ask(old, f"{URL}?tenant=acme").status == 200
    following.certificate.replace(served.authority.certificate)
    assert served.ask(new, f"{URL}?tenant=acme").status == 200
    with pytest.raises(OSError, match=r"(?i)alert|closed|reset"):
        served.ask(old)


def test_no_session_is_taken_up_again_for_it_would_not_be_verified_again(served: Served) -> None:
    acme = served.authority.trusted(served.authority.issue("till", uri(TILL)))
    session, reused = None, []
    for _ in range(2):
        with (
            socket.create_connection(("127.0.0.1", served.running.port), timeout=10) as plain,
            acme.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as secure,
        ):
            secure.sendall(f"GET {URL}?tenant=acme HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            assert secure.recv(12) == b"HTTP/1.1 200"
            session, reused = secure.session, [*reused, secure.session_reused]
    assert reused == [False, False]
    acme.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        served.ask(acme)


def test_a_certificate_that_ended_while_its_connection_stayed_opens_nothing_more(tmp_path: Path) -> None:
    path = listed(tmp_path / "callers.yaml", ACME)
    until = datetime(2026, 11, 24, 12, tzinfo=UTC)
    shown = Peer((TILL,), until)
    assert CallerFile(path, lambda: until.timestamp() - 1).caller("", "", "", shown)
    assert CallerFile(path, until.timestamp).caller("", "", "", shown) is None


def test_a_certificate_of_two_callers_is_of_none(tmp_path: Path) -> None:
    two = {**ACME, "name": "other", "san": "spiffe://shop.example/other"}
    callers = CallerFile(listed(tmp_path / "callers.yaml", ACME, two))
    good = datetime.max.replace(tzinfo=UTC)
    assert callers.caller("", "", "", Peer((TILL,), good))
    assert callers.caller("", "", "", Peer((TILL, "spiffe://shop.example/other"), good)) is None


def test_a_uri_counts_before_dns_names_and_nothing_else_is_a_name() -> None:
    ends = {"notAfter": "Nov 24 12:00:00 2026 GMT"}
    names = (("email", "a@b"), ("DNS", "a.example"), ("URI", TILL), ("IP Address", "127.0.0.1"))
    assert peer({**ends, "subjectAltName": names}) == Peer((TILL,), datetime(2026, 11, 24, 12, tzinfo=UTC))
    assert peer({**ends, "subjectAltName": names[:2]}).names == ("a.example",)
    assert peer({**ends, "subject": ((("commonName", "a.example"),),)}).names == ()
    assert peer({}) == peer(None) == Peer()
