"""The hook for PostgreSQL: `hook: [python, -m, terrace.secrets.hooks.postgresql]`.

A role of PostgreSQL has one password. So that two are valid at a time there are two roles, `shop_a` and `shop_b`, that
take turns; both are members of the role that owns everything, and become it when they log in. The secret is a login,
`{user, password}`, and so is its generator.

    prepare    the role that was idle may log in, with the new password
    revoke     the role before may log in no longer, and has no password
    replace    for a secret that is a password alone (--role NAME): the role gets the new one, and the one before is
               refused at the next login

It connects by `psql` as libpq's own variables say (PGHOST, PGUSER, PGSERVICE, a password in ~/.pgpass); the role there
needs CREATEROLE. The server is sent a SCRAM verifier and never a password: it logs such statements.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Sequence
from os import urandom
from typing import Any

_ROUNDS = 4096
_COMMAND = (
    "psql",
    "--no-psqlrc",
    "--quiet",
    "--no-password",
    "--set=ON_ERROR_STOP=1",
    "--single-transaction",
    "-f",
    "-",
)


class HookError(Exception):
    """The system was not told, for a reason that holds no value."""


def main(argv: Sequence[str]) -> int:
    """Read what there is to tell, and tell it to the server."""
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="terrace.secrets.hooks.postgresql", description="Tell PostgreSQL of a rotation.")
    parser.add_argument("--role", default="", help="the role, where the secret is a password alone")
    parser.add_argument("--terminate", action="store_true", help="also end the sessions of a role that is revoked")
    args = parser.parse_args(argv)
    try:
        tell(json.load(sys.stdin), role=args.role, terminate=args.terminate)
    except HookError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def tell(told: dict[str, Any], *, role: str = "", terminate: bool = False) -> None:
    """Make the server accept what is in use, and nothing that was revoked."""
    _execute(statements(told, role=role, terminate=terminate))


def statements(told: dict[str, Any], *, role: str = "", terminate: bool = False) -> str:
    """The SQL of one phase. It holds verifiers, no passwords."""
    phase = told["phase"]
    user, password = _login(told["current"], role)
    before = _login(told["previous"], role)[0] if told["previous"] is not None else ""
    if phase in ("prepare", "revoke") and before == user:
        raise HookError(f"the role {user} would have two passwords: let two roles take turns, by a login generator")
    if phase == "revoke":
        sql = f"ALTER ROLE {_name(before)} WITH NOLOGIN PASSWORD NULL;\n"
        if terminate:
            sessions = f"SELECT pid FROM pg_stat_activity WHERE usename = {_text(before)}"
            sql += f"SELECT pg_terminate_backend(pid) FROM ({sessions}) AS theirs \\g /dev/null\n"
        return sql
    if phase in ("prepare", "replace"):
        return f"ALTER ROLE {_name(user)} WITH LOGIN PASSWORD {_text(verifier(password))};\n"
    raise HookError(f"the phase {phase!r} is not known")


def verifier(password: str, salt: bytes = b"") -> str:
    """What PostgreSQL keeps of a password for SCRAM-SHA-256 (RFC 5803); the password does not follow from it."""
    if not password.isascii() or not password.isprintable() or not password:
        raise HookError("the password has other characters than printable ASCII, which need SASLprep")
    salt = salt or urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = (b64encode(part).decode() for part in (salt, hashlib.sha256(client).digest(), server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(_ROUNDS, *parts)


def _login(value: object, role: str) -> tuple[str, str]:
    if isinstance(value, dict) and isinstance(value.get("user"), str) and isinstance(value.get("password"), str):
        return value["user"], value["password"]
    if isinstance(value, str) and role:
        return role, value
    raise HookError("the secret is no login {user, password}; for a password alone, give --role NAME")


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    if "\\" in text:
        raise HookError("a name with a backslash is not understood")
    return "'" + text.replace("'", "''") + "'"


def _execute(sql: str) -> None:
    try:
        ended = subprocess.run(_COMMAND, input=sql.encode(), capture_output=True, check=False)
    except OSError as error:
        raise HookError(f"psql cannot be run: {error.strerror}") from None
    if ended.returncode:
        lines = [
            line for line in ended.stderr.decode("utf-8", "replace").splitlines() if "ERROR" in line or ": " in line
        ]
        raise HookError(f"psql: {lines[0] if lines else 'failed without a word'}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
