"""What the hook for PostgreSQL says to the server, and what it refuses, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from terrace.secrets.hooks.postgresql import HookError, statements, verifier

A, B = {"user": "shop_a", "password": "old-canary"}, {"user": 'shop"b', "password": "new-canary"}


def told(phase: str, current: object = B, previous: object = A) -> dict[str, Any]:
    return {"phase": phase, "current": current, "previous": previous}


def test_the_verifier_is_that_of_rfc_7677() -> None:
    # The exchange of RFC 7677, section 3: the server's signature there follows from this server key.
    import base64
    import hashlib
    import hmac

    made = verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    head, stored, server = made.replace("$", ":").split(":")[0], *made.rsplit("$", 1)[1].split(":")
    assert head == "SCRAM-SHA-256"
    message = (
        b"n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    signature = hmac.digest(base64.b64decode(server), message, "sha256")
    assert base64.b64encode(signature) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    mask = hmac.digest(base64.b64decode(stored), message, "sha256")
    client = bytes(one ^ other for one, other in zip(proof, mask, strict=True))
    assert hashlib.sha256(client).digest() == base64.b64decode(stored)


def test_names_are_quoted_and_passwords_are_not_sent() -> None:
    sql = statements(told("prepare"))
    assert sql.startswith('ALTER ROLE "shop""b" WITH LOGIN PASSWORD \'SCRAM-SHA-256$4096:')
    assert "canary" not in sql
    assert statements(told("revoke")) == 'ALTER ROLE "shop_a" WITH NOLOGIN PASSWORD NULL;\n'
    assert "usename = 'shop_a'" in statements(told("revoke"), terminate=True)
    assert 'ALTER ROLE "me"' in statements(told("replace", "new-canary", "old-canary"), role="me")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (told("prepare", A, A), "would have two passwords"),
        (told("revoke", A, A), "would have two passwords"),
        (told("prepare", "text", None), "no login"),
        (told("explode"), "not known"),
        (told("prepare", {"user": "b", "password": "pässwort"}), "SASLprep"),
    ],
)
def test_what_would_lock_somebody_out_is_refused(what: dict[str, Any], said: str) -> None:
    with pytest.raises(HookError, match=said) as error:
        statements(what)
    assert "canary" not in str(error.value)
