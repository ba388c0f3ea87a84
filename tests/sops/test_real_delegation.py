"""What is not done in process is done by the real program, and its absence is named."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from terrace import sops
from terrace.sops import Identities
from terrace.sops.errors import NeedsBinaryError, NoKeyError, TamperedError
from terrace.sops.program import values_of
from tests.sops.conftest import Keys
from tests.sops.program import VERSIONS, Sops

pytestmark = pytest.mark.real


@pytest.fixture(params=VERSIONS)
def program(request: pytest.FixtureRequest, tmp_path: Path, alice: Keys) -> Sops:
    """The real program, at one of its versions."""
    return Sops(request.param, tmp_path, alice.text)


def environ(program: Sops) -> dict[str, str]:
    return {**program.environ, "PATH": str(program.program.parent)}


def test_comment_selectors_are_left_to_the_program(program: Sops, alice: Keys) -> None:
    plain = "# secret\na: x\nb: y\nl:\n    - 1\n    - 2.5\n"
    sealed = program.encrypted(plain, {"age": alice.recipient, "encrypted_comment_regex": "secret"})
    with pytest.raises(NeedsBinaryError, match="decided by comments"):
        sops.open_(sealed, alice.identities)
    values = values_of(sealed, alice.identities, environ(program))
    assert (values["a"].reveal(), values["b"], values["l"]) == ("x", "y", [1, 2.5])
    with pytest.raises(NeedsBinaryError, match="which is not installed"):
        values_of(sealed, alice.identities, {"PATH": "/nonexistent"})


def test_a_host_that_asks_for_the_program_gets_it(program: Sops, alice: Keys, now: datetime) -> None:
    tree = {
        "a": "\n x\n",
        "t": 1.0,
        "time": sops.Timestamp("2024-01-02T03:04:05Z") if "3.9" not in program.version else 5,
    }
    sealed = sops.create(tree, [alice.recipient], now=now)
    asked = Identities(alice.identities.usable, delegate=("a key service is set",))
    values = values_of(sealed, asked, environ(program))
    assert {key: value.reveal() for key, value in values.items()} == tree
    assert "x" not in repr(values)


def test_its_refusals_are_ours(program: Sops, alice: Keys, bob: Keys, now: datetime) -> None:
    asked = Identities((), delegate=("a key service is set",))
    sealed = sops.create({"a": "x", "b": "y"}, [bob.recipient], now=now)
    with pytest.raises(NoKeyError):
        values_of(sealed, asked, environ(program))
    sealed = sops.create({"a": "x", "b": "y"}, [alice.recipient], now=now)
    swapped = sealed.replace("a: ", "c: ").replace("b: ", "a: ").replace("c: ", "b: ", 1)
    with pytest.raises(TamperedError):
        values_of(swapped, asked, environ(program))
