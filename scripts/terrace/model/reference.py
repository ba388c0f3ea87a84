"""References to values in secret managers: their one grammar, and how they are told from other text.

    ref+vault://secret/data/production/db#/password         Vault or OpenBao, KV version 2 or 1
    ref+awssecrets://production/db?region=eu-west-1#/password
    ref+awsssm://production/db/password?region=eu-west-1
    ref+file://run/secrets/db                               a file; `ref+file:///run/...` for an absolute path
    ref+env://DB_PASSWORD                                   a variable of the process

The forms are those of vals, made strict. A reference is the whole value, names one value, and says nothing of who asks
or which server is asked: those belong to whoever resolves it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

REFERENCE = r"^ref\+[a-z0-9]+://\S+$"
"""What may stand in a plain file in place of a secret. Whether it is well formed is a question of its own: `parse`."""

GRANT = r"^(vault|awssecrets|awsssm|file|env)://[A-Za-z0-9_.@:+=,{}/-]*$"
"""What an environment lists under `references`."""

STORES = ("vault", "awssecrets", "awsssm", "file", "env")

_MEANT = re.compile(REFERENCE)
_BEGINS = re.compile(r"ref\+[a-z0-9]*://")
_INSIDE = re.compile(rf"ref\+(?:{'|'.join(STORES)})://")
_PARTS = re.compile(r"ref\+([a-z0-9]+)://([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SEGMENT = re.compile(r"[A-Za-z0-9_.@:+=,-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY = re.compile(r"(?:/[^/\s#?]+)+")
_VALUE = re.compile(r"[A-Za-z0-9_.:-]+")
_PARAMETERS = {
    "vault": ("version",),
    "awssecrets": ("region", "version_id", "version_stage"),
    "awsssm": ("region", "version", "mode"),
    "file": (),
    "env": (),
}
_WHOSE = frozenset({
    "address", "proto", "token_file", "token_env", "namespace", "auth_method", "role_id", "secret_id", "role_arn",
    "profile", "username", "password_file", "password_env",
})  # fmt: skip


class Reference(NamedTuple):
    """One value in one store. `key` leads to it inside of what the path names; empty for all of that."""

    store: str
    path: str
    parameters: tuple[tuple[str, str], ...] = ()
    key: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The store and path, as policies name them: `vault://secret/data/production/db`."""
        return f"{self.store}://{self.path}"

    def parameter(self, name: str) -> str:
        """The value of a parameter; empty where it is not given."""
        return dict(self.parameters).get(name, "")

    def __str__(self) -> str:
        asked = "&".join(f"{name}={value}" for name, value in self.parameters)
        key = "#" + "".join(f"/{part}" for part in self.key) if self.key else ""
        return f"ref+{self.place}{'?' if asked else ''}{asked}{key}"


class Malformed(NamedTuple):
    """What keeps a text that is meant as a reference from being one, and what to do."""

    problem: str
    hint: str = ""


def is_reference(value: object) -> bool:
    """Whether `value` is meant as a reference, and so is no secret itself."""
    return isinstance(value, str) and value.startswith("ref+") and _MEANT.match(value) is not None


def parse(text: str) -> Reference | Malformed | None:
    """The reference that `text` is; why it is none, if it was meant to be; None for other text."""
    if not _BEGINS.match(text):
        if _INSIDE.search(text):
            return Malformed("a reference stands inside of other text", "Only a whole value can be a reference.")
        return None
    found = _PARTS.fullmatch(text)
    if found is None or found[1] not in STORES:
        known = ", ".join(STORES)
        return Malformed("the reference names a store that is not known", f"Stores are {known}: ref+vault://...")
    if text.endswith("+"):
        return Malformed("the reference ends with '+'", "Remove it: a reference is the whole value, and ends with it.")
    store, path, asked, key = found[1], found[2], found[3], found[4]
    parameters = _parameters(store, asked)
    if isinstance(parameters, Malformed):
        return parameters
    problem = _path_problem(store, path) or _key_problem(store, key, dict(parameters))
    return problem or Reference(store, path, parameters, tuple(key[1:].split("/")) if key else ())


def _path_problem(store: str, path: str) -> Malformed | None:
    if store == "env":
        hint = "Write ref+env://NAME, with the name of an environment variable."
        return None if _VARIABLE.fullmatch(path) else Malformed("the reference names no environment variable", hint)
    segments = path.removeprefix("/").split("/") if store == "file" else path.split("/")
    if "." in segments or ".." in segments:
        return Malformed("the reference's path has '.' or '..' in it", "Write the path out, from its beginning.")
    if not all(_SEGMENT.fullmatch(segment) for segment in segments):
        hint = "A path is made of letters, digits and _.@:+=,- between single slashes, and ends without one."
        return Malformed("the reference's path is not well formed", hint)
    return None


def _key_problem(store: str, key: str | None, parameters: dict[str, str]) -> Malformed | None:
    if key is None and store != "vault":
        return None
    if key is None:
        hint = "Name the key: ref+vault://secret/data/db#/password"
        return Malformed("the reference names no key, and Vault keeps several values at a path", hint)
    if not _KEY.fullmatch(key):
        hint = "The key stands behind '#/': ref+vault://secret/data/db#/password"
        return Malformed("the reference's key does not begin with '#/', or is empty", hint)
    if store == "env":
        return Malformed("an environment variable has no keys inside", "Remove '#' and what follows.")
    if store == "awsssm" and parameters.get("mode") != "singleparam":
        hint = "Write it as part of the path; or add ?mode=singleparam for a key inside of one parameter's JSON."
        return Malformed("the reference's key would be another parameter", hint)
    return None


def _parameters(store: str, asked: str | None) -> tuple[tuple[str, str], ...] | Malformed:
    if asked is None:
        return ()
    found: dict[str, str] = {}
    for pair in asked.split("&"):
        name, _, value = pair.partition("=")
        if name in _WHOSE:
            hint = "Who asks, and which server, is settled where references are resolved, as in VAULT_ADDR."
            return Malformed(f"a reference may not say {name}", hint)
        if name not in _PARAMETERS[store]:
            known = ", ".join(_PARAMETERS[store]) or "none"
            return Malformed("the reference has a parameter that is not known", f"For {store} there are: {known}.")
        if name in found or not _VALUE.fullmatch(value) or (name == "mode" and value != "singleparam"):
            return Malformed(f"the reference's parameter {name} is not well formed", "Write it once: name=value.")
        found[name] = value
    return tuple(sorted(found.items()))
