"""Vault, over HTTP, against HashiCorp Vault's own core and handlers (see `vault_server/main.go`)."""

from __future__ import annotations

import base64
import json
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import hvac
import pytest

from terrace.errors import StoreError
from terrace.model.reference import Reference, parse
from terrace.refs.stores import ChangedError, Kept, UnavailableError, value_in
from terrace.refs.vault import Login, Vault, from_environment
from terrace.refs.versions import pinned
from tests.refs import servers

pytestmark = pytest.mark.real
SECRET = "correct-horse"
RULES = 'path "secret/*" { capabilities = ["create", "read", "update"] }'


@pytest.fixture(scope="module")
def root() -> Iterator[hvac.Client]:
    """The administrator of a server with KV 2 at `secret`, KV 1 at `old`, AppRole and Kubernetes."""
    with servers.vault() as address:
        client = hvac.Client(url=address)
        keys = client.sys.initialize(1, 1)
        client.sys.submit_unseal_key(keys["keys"][0])
        client.token = keys["root_token"]
        client.sys.enable_secrets_engine("kv", path="secret", options={"version": "2"})
        client.sys.enable_secrets_engine("kv", path="old", options={"version": "1"})
        client.sys.enable_auth_method("approle")
        client.sys.enable_auth_method("kubernetes")
        client.sys.create_or_update_policy("app", RULES)
        yield client


@pytest.fixture
def store(root: hvac.Client) -> Vault:
    return Vault(root.url, Login(token=root.token))


def ref(text: str) -> Reference:
    found = parse(text)
    assert isinstance(found, Reference)
    return found


def read(store: Vault, text: str) -> str:
    return value_in(store.fetch(ref(text)), ref(text))


def test_a_value_is_made_read_and_given_new_versions(store: Vault) -> None:
    place = "ref+vault://secret/data/production/db"
    assert store.put(ref(f"{place}#/password"), "one") == "1"
    assert store.put(ref(f"{place}#/user"), "app") == "2"
    assert store.put(ref(f"{place}#/password"), "two") == "3"
    assert read(store, f"{place}#/password") == "two"
    assert read(store, f"{place}#/user") == "app"
    assert read(store, f"{place}?version=1#/password") == "one"


def test_a_place_that_was_deleted_can_be_written_again(store: Vault, root: hvac.Client) -> None:
    place = ref("ref+vault://secret/data/deleted#/a")
    store.put(place, "one")
    root.secrets.kv.v2.delete_latest_version_of_secret("deleted", mount_point="secret")
    with pytest.raises(StoreError, match="nothing at that path"):
        store.fetch(place)
    assert store.put(place, "two") == "2"


def test_writers_at_once_lose_nothing(store: Vault) -> None:
    names = [f"k{number}" for number in range(4)]

    def write(name: str) -> None:
        store.put(ref(f"ref+vault://secret/data/shared#/{name}"), name)

    running = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert store.fetch(ref("ref+vault://secret/data/shared#/x")) == {name: name for name in names}


def test_several_values_are_one_version_and_another_than_was_looked_at_is_kept(store: Vault) -> None:
    place = ref("ref+vault://secret/data/pair#/user")
    store.write(place, {("user",): "a", ("password",): SECRET})
    assert store.look(place) == Kept({"user": "a", "password": SECRET}, "1")
    with pytest.raises(ChangedError, match="changed by somebody else") as caught:
        store.write(place, {("password",): "new"}, {("password",): "old"})
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert store.write(place, {("password",): "new"}, {("password",): SECRET}) == "2"
    assert read(store, str(pinned(place, "1"))) == "a"


def test_version_1_is_read_and_not_written(store: Vault, root: hvac.Client) -> None:
    root.write_data("old/db", data={"password": SECRET, "data": "d", "metadata": "m"})
    assert read(store, "ref+vault://old/db#/password") == SECRET
    assert read(store, "ref+vault://old/db#/data") == "d"
    with pytest.raises(StoreError, match="only KV version 2"):
        store.put(ref("ref+vault://old/db#/password"), "x")


def test_what_is_not_there_is_told_with_the_usual_mistake(store: Vault) -> None:
    for text in ("ref+vault://secret/data/none#/a", "ref+vault://secret/production/db#/a"):
        with pytest.raises(StoreError, match="nothing at that path") as caught:
            store.fetch(ref(text))
        assert "MOUNT/data/" in caught.value.hint


def test_an_application_logs_in_by_its_role(root: hvac.Client, store: Vault) -> None:
    store.put(ref("ref+vault://secret/data/role#/a"), SECRET)
    root.auth.approle.create_or_update_approle("app", token_policies=["app"], token_ttl="60s")
    role = root.auth.approle.read_role_id("app")["data"]["role_id"]
    secret = root.auth.approle.generate_secret_id("app")["data"]["secret_id"]
    environ = {"BAO_ADDR": root.url, "VAULT_AUTH_METHOD": "approle", "VAULT_ROLE_ID": role, "VAULT_SECRET_ID": secret}
    application = from_environment(environ)
    assert read(application, "ref+vault://secret/data/role#/a") == SECRET
    with pytest.raises(StoreError, match=r"refuses access \(approle\)"):
        application.fetch(ref("ref+vault://old/db#/a"))
    with pytest.raises(StoreError, match="refuses the approle login"):
        Vault(root.url, Login("approle", role=role, secret="wrong")).fetch(ref("ref+vault://secret/data/role#/a"))


def test_a_token_that_was_revoked_is_replaced_by_a_new_login(root: hvac.Client, store: Vault) -> None:
    store.put(ref("ref+vault://secret/data/role#/a"), SECRET)
    root.auth.approle.create_or_update_approle("app", token_policies=["app"], token_ttl="60s")
    role = root.auth.approle.read_role_id("app")["data"]["role_id"]
    secret = root.auth.approle.generate_secret_id("app")["data"]["secret_id"]
    now = [0.0]
    application = Vault(root.url, Login("approle", role=role, secret=secret), clock=lambda: now[0])
    application.fetch(ref("ref+vault://secret/data/role#/a"))
    first = application._client.token
    root.revoke_token(first)
    assert read(application, "ref+vault://secret/data/role#/a") == SECRET
    second = application._client.token
    now[0] = 41.0
    application.fetch(ref("ref+vault://secret/data/role#/a"))
    assert len({first, second, application._client.token}) == 3


class _Kubernetes(BaseHTTPRequestHandler):
    """The one question that Vault asks a cluster: whose token is this?"""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        good = asked["spec"]["token"] == _token("app")
        user = {"username": "system:serviceaccount:shop:app", "uid": "1", "groups": ["system:serviceaccounts"]}
        status = {"authenticated": True, "user": user} if good else {"error": "invalid token"}
        body = json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def _token(name: str) -> str:
    """A service account's token in form; the cluster below is asked whether it is good, and its seal means nothing."""
    account = {"namespace": "shop", "serviceaccount": {"name": name, "uid": "1"}}
    parts = ({"alg": "RS256", "kid": "k"}, {"sub": f"system:serviceaccount:shop:{name}", "kubernetes.io": account})
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*coded, base64.urlsafe_b64encode(b"seal" * 64).rstrip(b"=").decode()])


def _authority() -> str:
    """A certificate that Vault insists on having, and does not use over plain HTTP."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cluster")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_a_pod_logs_in_by_its_service_account(root: hvac.Client, store: Vault, tmp_path: Path) -> None:
    store.put(ref("ref+vault://secret/data/pod#/a"), SECRET)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Kubernetes) as cluster:
        threading.Thread(target=cluster.serve_forever, daemon=True).start()
        root.auth.kubernetes.configure(
            f"http://127.0.0.1:{cluster.server_port}",
            kubernetes_ca_cert=_authority(),
            token_reviewer_jwt=_token("reviewer"),
            disable_local_ca_jwt=True,
        )
        root.auth.kubernetes.create_role("shop", ["app"], ["shop"], policies=["app"], ttl="60s")
        (tmp_path / "token").write_text(_token("app"))
        environ = {
            "VAULT_ADDR": root.url,
            "VAULT_AUTH_METHOD": "kubernetes",
            "VAULT_ROLE_ID": "shop",
            "VAULT_KUBERNETES_JWT_TOKEN_PATH": str(tmp_path / "token"),
        }
        assert read(from_environment(environ), "ref+vault://secret/data/pod#/a") == SECRET
        (tmp_path / "token").write_text(_token("other"))
        with pytest.raises(StoreError, match="kubernetes"):
            from_environment(environ).fetch(ref("ref+vault://secret/data/pod#/a"))
        cluster.shutdown()


def test_a_wrong_token_is_refused_and_not_shown(root: hvac.Client) -> None:
    login = Login(token="-".join(["s.wrong", "token"]))
    with pytest.raises(StoreError, match=r"refuses access \(token\)") as caught:
        Vault(root.url, login).fetch(ref("ref+vault://secret/data/a#/a"))
    assert login.token not in "".join(traceback.format_exception(caught.value))
    assert login.token not in repr(login)


def test_a_sealed_server_is_worth_another_try() -> None:
    with servers.vault() as address, pytest.raises(UnavailableError):
        Vault(address, Login(token="t")).fetch(ref("ref+vault://secret/data/a#/a"))


def test_a_server_that_is_not_there_is_worth_another_try() -> None:
    with pytest.raises(UnavailableError, match=r"Vault at http://127\.0\.0\.1:1 cannot be reached"):
        Vault("http://127.0.0.1:1", Login(token="t")).fetch(ref("ref+vault://secret/data/a#/a"))
