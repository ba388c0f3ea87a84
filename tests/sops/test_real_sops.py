"""Both ways with the real program: it reads, edits, rotates and updates what we write; we read what it writes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyrage
import pytest

from terrace import sops
from terrace.sops import Identities, Selector, identities
from terrace.sops.document import Leaf, Tree, read
from terrace.sops.errors import NotWritableError
from terrace.sops.opened import Opened
from terrace.sops.scalars import Timestamp, Typed
from terrace.sops.splice import same
from tests.sops import documents as odd
from tests.sops.documents import KEYS, plain, scalar, values
from tests.sops.program import VERSIONS, Sops

pytestmark = pytest.mark.real
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DOCUMENTS = 120
SELECTORS = (
    Selector("unencrypted_suffix", "_unencrypted"),
    Selector("encrypted_suffix", "_enc"),
    Selector("encrypted_regex", "^(a|key|token)$"),
    Selector("unencrypted_regex", "[[:upper:]]|^é"),
)


class Person:
    """A private key, and its owner's recipient."""

    def __init__(self) -> None:
        key = pyrage.x25519.Identity.generate()
        self.key = str(key)
        self.recipient = str(key.to_public())
        self.identities: Identities = identities.of(self.key)


@pytest.fixture(scope="module")
def person() -> Person:
    return Person()


@pytest.fixture(params=VERSIONS)
def program(request: pytest.FixtureRequest, tmp_path: Path, person: Person) -> Sops:
    """The real program, at one of its versions."""
    return Sops(request.param, tmp_path, person.key)


def plain_values(text: str) -> list[Any]:
    """Plain YAML by document, with the type and text of each value as Go gives them."""
    # With metadata that encrypt nothing, our own reader takes it.
    notes = (
        'sops: {version: 3.9.4, mac: x, lastmodified: "2026-01-01T00:00:00Z", encrypted_suffix: "\\0", age: [{enc: x}]}'
    )
    file = read(f"{notes}\n{re.sub('(?m)^{}$', '', text)}")
    assert not file.problems
    return [_typed(tree) for tree in file.trees]


def _typed(tree: Tree, opened: Opened | None = None) -> Any:
    if isinstance(tree, dict):
        return {key: _typed(inner, opened) for key, inner in tree.items()}
    if isinstance(tree, Leaf):
        found = opened._plain[tree.number] if opened else tree.found
        return _number(found) if found else None
    return [_typed(inner, opened) for inner in tree]


def _number(found: Typed) -> Typed:
    # The program writes 1.0 as 1, so a plain text does not tell one from the other.
    return found._replace(kind="float") if found.kind == "int" else found


def opened_values(opened: Opened) -> list[Any]:
    return [_typed(tree, opened) for tree in opened.file.trees]


def agree(text: str, program: Sops, person: Person) -> Opened:
    """The file, opened here, after the program has been seen to read the same."""
    opened = sops.open_(text, person.identities)
    assert opened_values(opened) == plain_values(program.decrypt(text))
    return opened


def written(random: Random, person: Person, *, times: bool) -> tuple[str, dict[str, Any]]:
    """A file that we wrote, and its values."""
    while True:
        tree = values(random)
        selector = random.choice(SELECTORS)
        try:
            text = sops.create(
                tree, [person.recipient], now=NOW, selector=selector, mac_only_encrypted=random.random() < 0.3
            )
        except NotWritableError:
            continue
        if times or "version: 3.9.4" in text:
            return text, tree


def takes_times(program: Sops) -> bool:
    return program.version != "3.9.4"


def test_it_reads_what_we_write(program: Sops, person: Person) -> None:
    random = Random(1)
    for _ in range(DOCUMENTS):
        text, tree = written(random, person, times=takes_times(program))
        assert same(agree(text, program, person).values, tree)


def test_it_reads_every_text_that_we_write(program: Sops, person: Person) -> None:
    random = Random(4)
    for _ in range(20):
        tree = {f"k{number}": odd.text(random) for number in range(30)}
        sealed = sops.create(tree, [person.recipient], now=NOW)
        assert json.loads(program.decrypt(sealed, to="json")) == tree


def test_we_read_what_it_writes(program: Sops, person: Person) -> None:
    random = Random(2)
    for _ in range(DOCUMENTS):
        documents = [plain(random, times=takes_times(program)) for _ in range(random.choice((1, 1, 1, 2)))]
        text = "---\n".join(documents)
        selector = random.choice(SELECTORS)
        rule = {"age": person.recipient, selector.kind: selector.pattern, "mac_only_encrypted": random.random() < 0.3}
        sealed = program.encrypted(text, rule)
        opened = sops.open_(sealed, person.identities)
        assert opened_values(opened) == plain_values(program.decrypt(sealed))
        assert not sops.inspect(sealed).problems


def test_it_reads_our_changes_of_its_files(program: Sops, person: Person) -> None:
    random, refused = Random(3), 0
    for _ in range(DOCUMENTS):
        sealed = program.encrypted(plain(random, times=takes_times(program)), {"age": person.recipient})
        opened = sops.open_(sealed, person.identities)
        changes = change(random, opened.values, times=takes_times(program))
        try:
            text = opened.changed(changes, NOW, in_the_open=True)
        except NotWritableError:
            refused += 1
            continue
        agree(text, program, person)
        untouched(sealed, text, changes)
    # Those with comments in the way.
    assert refused < DOCUMENTS / 6


def change(random: Random, tree: dict[str, Any], *, times: bool) -> dict[tuple[str | int, ...], object]:
    """A new value, a removal or a new entry, somewhere."""
    pointers = list(_pointers(tree, ()))
    pointer = random.choice(pointers)
    kind = random.random()
    if kind < 0.2:
        return {pointer: sops.REMOVED}
    if kind < 0.5 and all(isinstance(part, str) for part in pointer):
        return {(*pointer[:-1], random.choice(KEYS)): _scalar(random, times)}
    if kind < 0.6:
        return {pointer: [_scalar(random, times), {"in": _scalar(random, times)}]}
    return {pointer: _scalar(random, times)}


def _scalar(random: Random, times: bool) -> Any:
    while isinstance(value := scalar(random), Timestamp) and not times:
        pass
    return value


def _pointers(value: Any, pointer: tuple[str | int, ...]) -> Any:
    if pointer:
        yield pointer
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _pointers(inner, (*pointer, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _pointers(inner, (*pointer, index))


def untouched(before: str, after: str, changes: dict[tuple[str | int, ...], object]) -> None:
    """Every encrypted value outside of the changed places must have its bytes."""
    ((pointer, _),) = changes.items()
    places = [{leaf.pointer: leaf.iv for leaf in sops.inspect(text).leaves} for text in (before, after)]
    for place, iv in places[0].items():
        if place[0] != pointer[0]:
            assert places[1][place] == iv


def test_chains_of_edits_by_both(program: Sops, person: Person) -> None:
    other = Person()
    for seed in range(25):
        random = Random(f"chain {seed}")
        text, model = written(random, person, times=takes_times(program))
        selector = sops.open_(text, person.identities).metadata.selector
        for step in range(8):
            now = NOW + timedelta(minutes=step)
            name = f"added{random.randint(0, 3)}"
            operation = random.choice(
                ("ours", "ours", "set", "unset", "rotate", "our rotation", "updatekeys", "our keys")
            )
            if operation == "ours":
                value = random.choice(("x", 7, True, "long\nlines\n"))
                opened = sops.open_(text, person.identities)
                text = opened.changed({(name,): value}, now, in_the_open=True)
                model = {**model, name: value}
            elif operation == "set":
                value = random.choice(("y", "é\n", True))
                text = program.edited(text, "set", "FILE", json.dumps([name]), json.dumps(value))
                model = {**model, name: value}
            elif operation == "unset" and name in model:
                text = program.edited(text, "unset", "FILE", json.dumps([name]))
                del model[name]
            elif operation == "rotate":
                text = program.edited(text, "rotate", "-i", "FILE")
            elif operation == "our rotation":
                recipients = [person.recipient, other.recipient][: random.randint(1, 2)]
                text = sops.rotate_data_key(text, person.identities, recipients, now)
            elif operation == "updatekeys":
                both = f"{person.recipient},{other.recipient}"
                (program.folder / ".sops.yaml").write_text(f"creation_rules:\n  - age: {both}\n")
                text = program.edited(text, "updatekeys", "-y", "FILE")
            elif operation == "our keys":
                text = sops.rewrap(text, person.identities, [other.recipient, person.recipient])
            opened = agree(text, program, person)
            assert opened.metadata.selector == selector
            assert _loosely(opened.values) == _loosely(model), operation


def _loosely(value: Any) -> Any:
    """Values with the differences that SOPS itself makes evened out: 1.0 in the open comes back as 1."""
    if isinstance(value, dict):
        return {key: _loosely(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_loosely(inner) for inner in value]
    bare = value.reveal() if hasattr(value, "reveal") else value
    return float(bare) if isinstance(bare, int) and not isinstance(bare, bool) else bare


def test_a_new_recipient_opens_and_an_old_one_does_not(program: Sops, person: Person, tmp_path: Path) -> None:
    other = Person()
    text = sops.create({"a": "x"}, [person.recipient], now=NOW)
    theirs = Sops(program.version, tmp_path, other.key)
    theirs.decrypt(text, fails=True)
    text = sops.rotate_data_key(text, person.identities, [other.recipient], NOW)
    assert theirs.decrypt(text) == "a: x\n"
    program.decrypt(text, fails=True)


def test_encrypted_comments_survive_our_rotation(program: Sops, person: Person) -> None:
    commented = "# top\na: 1 # inline\n# before b\nb:\n    # inside\n    c: 2\nl:\n    # in a list\n    - x\n"
    sealed = program.encrypted(commented, {"age": person.recipient})
    text = sops.rotate_data_key(sealed, person.identities, [person.recipient], NOW)
    before, after = program.decrypt(sealed), program.decrypt(text)
    assert before == after
    assert "# before b" in after
