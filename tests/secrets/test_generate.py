"""Generators: every value is as its policy asks, none is like another, and no value is seen on the way."""

from __future__ import annotations

import re
import string
import sys
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from terrace.errors import TerraceError, UsageError
from terrace.model.rotation import GENERATORS
from terrace.model.secret import Secret
from terrace.secrets import generate
from terrace.secrets.generate import make, password


def text(kind: str, options: dict[str, object] | None = None) -> str:
    value = make(kind, options).value
    assert isinstance(value, Secret)
    return value.reveal()


def test_passwords_have_their_length_their_alphabet_and_each_class() -> None:
    for _ in range(300):
        made = password(12, "abcABC123-_")
        assert len(made) == 12
        assert set(made) <= set("abcABC123-_")
        assert all(re.search(each, made) for each in ("[abc]", "[ABC]", "[123]", "[-_]"))


def test_every_password_with_all_classes_is_as_likely_as_any_other() -> None:
    # Of the 27 texts of three letters from `aB1`, six have all classes. "One of each, then fill up" would be as even
    # here, so the alphabet is lopsided too: from `abB1`, twelve of 64 do.
    found = Counter(password(3, "abB1") for _ in range(12_000))
    assert len(found) == 12
    assert max(found.values()) - min(found.values()) < 300, "six standard deviations of 1000 apart"


def test_repeated_letters_of_an_alphabet_do_not_weigh_more() -> None:
    found = Counter("".join(password(60, "aaaaaaaaab") for _ in range(100)))
    assert 2_500 < found["b"] < 3_500


def test_a_password_that_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError):
        password(3, "aB1-")
    with pytest.raises(UsageError):
        password(20, "aaaa")


def test_hex_and_uuid() -> None:
    assert re.fullmatch("[0-9a-f]{64}", text("hex"))
    assert re.fullmatch("[0-9a-f]{32}", text("hex", {"bytes": 16}))
    made = UUID(text("uuid"))
    assert (made.version, made.variant) == (4, "specified in RFC 4122")


@pytest.mark.parametrize("kind", [name for name in GENERATORS if name not in ("command", "login", "rsa")])
def test_no_value_comes_twice(kind: str) -> None:
    assert len({text(kind) for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("kind", "options", "is_a"),
    [
        ("ed25519", {}, ed25519.Ed25519PrivateKey),
        ("rsa", {"bits": 2048}, rsa.RSAPrivateKey),
        ("ec", {}, ec.EllipticCurvePrivateKey),
        ("ec", {"curve": "P-384"}, ec.EllipticCurvePrivateKey),
    ],
)
def test_key_pairs_are_pem_and_belong_together(kind: str, options: dict[str, object], is_a: type) -> None:
    made = make(kind, options)
    assert isinstance(made.value, Secret)
    key = serialization.load_pem_private_key(made.value.reveal().encode(), None)
    assert isinstance(key, is_a)
    assert key.public_key() == serialization.load_pem_public_key(made.public.encode())
    assert "PRIVATE" not in made.public
    if isinstance(key, ec.EllipticCurvePrivateKey):
        assert key.curve.name == ("secp384r1" if options else "secp256r1")


def test_a_login_takes_turns() -> None:
    users = {"users": ["shop_a", "shop_b"], "length": 24}
    names = []
    user = ""
    for _ in range(3):
        value = make("login", users, user=user).value
        assert isinstance(value, dict)
        assert len(value["password"].reveal()) == 24
        user = value["user"].reveal()
        names.append(user)
    assert names == ["shop_a", "shop_b", "shop_a"]
    assert users == {"users": ["shop_a", "shop_b"], "length": 24}


def test_a_command_gives_its_output_and_no_shell_reads_it() -> None:
    assert text("command", {"run": ["printf", "%s\n", "$HOME; `id`"]}) == "$HOME; `id`"
    assert text("command", {"run": ["printf", "a b\n\n"]}) == "a b\n"


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (["false"], "exit code 1"),
        (["true"], "wrote nothing"),
        (["/nowhere/to/be/found"], "cannot be run"),
        (["printf", r"\377"], "not UTF-8"),
        (["head", "-c", "2000000", "/dev/zero"], "more than"),
    ],
)
def test_a_command_that_makes_no_value_says_why(run: list[str], said: str) -> None:
    with pytest.raises(TerraceError, match=said):
        make("command", {"run": run})


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(TerraceError, match="within 1 seconds"):
        make("command", {"run": ["sleep", "60"], "timeout": "1s"})


def test_what_a_command_wrote_before_it_failed_is_not_shown() -> None:
    program = "import sys; print('canary-7731'); print('canary-7731', file=sys.stderr); sys.exit(3)"
    with pytest.raises(TerraceError) as error:
        make("command", {"run": [sys.executable, "-c", program]})
    assert "canary" not in repr(error.value) + error.value.message + error.value.hint


def test_what_was_made_is_not_printed() -> None:
    for kind in ("password", "ed25519", "login"):
        made = make(kind, {"users": ["a", "b"]} if kind == "login" else {})
        value = made.value["password"] if isinstance(made.value, dict) else made.value
        assert value.reveal() not in repr(made)


def test_the_default_alphabet_needs_no_quotes() -> None:
    assert set(generate.SAFE) == {*string.ascii_letters, *string.digits, *"-_.~"}
