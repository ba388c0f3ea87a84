"""Two versions of a secrets file become one: which values, for whom, under which key, and with which bytes."""

from __future__ import annotations

from typing import Any

import pytest

from terrace import sops
from terrace.secrets.merging import Merged, NotMergedError, merge
from terrace.sops import Opened
from terrace.sops.errors import NoKeyError
from terrace.sops.graft import same_data_key
from terrace.sops.sealing import signed
from tests.secrets.clone import NOW, edited, made, plain, rekeyed
from tests.secrets.conftest import Person

VALUES = {"a": "one", "db": {"user": "app", "password": "hunter2"}, "hosts": ["x", "y"]}


def merged(person: Person, base: str, ours: str, theirs: str, **choices: Any) -> Merged:
    return merge(base, ours, theirs, lambda text, name: sops.open_(text, person.identities, name=name), NOW, **choices)


def opened(person: Person, text: str) -> Opened:
    return sops.open_(text, person.identities)


def values(person: Person, text: str) -> Any:
    return plain(opened(person, text).values)


def ciphertext(text: str) -> dict[str, str]:
    return {str(leaf.pointer): leaf.node.value for leaf in sops_file(text).leaves}


def sops_file(text: str) -> Any:
    from terrace.sops.document import read

    return read(text)


@pytest.fixture(scope="module")
def bob() -> Person:
    return Person()


@pytest.fixture
def base(ada: Person, eve: Person) -> str:
    return made(VALUES, ada, eve)


def test_different_secrets_merge_and_keep_the_bytes_of_the_side_that_wrote_them(ada: Person, base: str) -> None:
    ours = edited(base, ada, {"a": "two", "new": "n"})
    theirs = edited(base, ada, {"db.password": "other", "db.user": None})
    done = merged(ada, base, ours, theirs)
    assert done.clashes == ()
    assert values(ada, done.text) == {"a": "two", "db": {"password": "other"}, "hosts": ["x", "y"], "new": "n"}
    both = {**ciphertext(theirs), **ciphertext(ours)}
    both[str(("db", "password"))] = ciphertext(theirs)[str(("db", "password"))]
    del both[str(("db", "user"))]
    assert ciphertext(done.text) == both


def test_the_same_plaintext_on_both_sides_is_no_conflict(ada: Person, base: str) -> None:
    done = merged(ada, base, edited(base, ada, {"a": "two"}), edited(base, ada, {"a": "two"}))
    assert done.clashes == ()
    assert values(ada, done.text)["a"] == "two"


@pytest.mark.parametrize(
    ("ours", "theirs", "name"),
    [
        ({"a": "two"}, {"a": "three"}, ("a",)),
        ({"a": None}, {"a": "three"}, ("a",)),
        ({"a": "two"}, {"a": None}, ("a",)),
        ({"new": "x"}, {"new": "y"}, ("new",)),
        ({"hosts": ["x", "y", "z"]}, {"hosts": ["w", "x", "y"]}, ("hosts",)),
        ({"db": None}, {"db.password": "other"}, ("db", "password")),
        ({"db": "url"}, {"db.password": "other"}, ("db",)),
    ],
)
def test_what_both_sides_change_differently_is_named(
    ada: Person, base: str, ours: dict[str, Any], theirs: dict[str, Any], name: tuple[str, ...]
) -> None:
    mine, other = edited(base, ada, ours), edited(base, ada, {**theirs, "also": "theirs"})
    done = merged(ada, base, mine, other)
    assert [clash.pointer for clash in done.clashes] == [name]
    # Ours stays where they clash, and what else theirs did is there.
    left = values(ada, done.text)
    assert left.pop("also") == "theirs"
    assert left == values(ada, mine)


def test_a_choice_settles_a_clash_for_what_is_below_it(ada: Person, base: str) -> None:
    ours, theirs = edited(base, ada, {"a": "1", "db.password": "2"}), edited(base, ada, {"a": "3", "db.password": "4"})
    done = merged(ada, base, ours, theirs, choices={("db",): "theirs", ("a",): "ours"})
    assert done.clashes == ()
    assert values(ada, done.text) == {**VALUES, "a": "1", "db": {"user": "app", "password": "4"}}


def test_a_move_on_one_side_and_a_change_elsewhere_merge(ada: Person, base: str) -> None:
    ours = edited(base, ada, {"db.password": None, "database.password": "hunter2"})
    done = merged(ada, base, ours, edited(base, ada, {"db.user": "root"}))
    assert done.clashes == ()
    assert values(ada, done.text) == {**VALUES, "db": {"user": "root"}, "database": {"password": "hunter2"}}


def test_files_that_both_sides_began_merge(ada: Person) -> None:
    done = merged(ada, "", made({"a": "1", "same": "s"}, ada), made({"b": "2", "same": "s"}, ada))
    assert done.clashes == ()
    assert values(ada, done.text) == {"a": "1", "b": "2", "same": "s"}


def test_recipients_merge_as_a_set(ada: Person, eve: Person, bob: Person, base: str) -> None:
    ours = rekeyed(base, ada, ada, eve, bob, rotate=False)
    theirs = rekeyed(base, ada, ada, rotate=False)
    done = merged(ada, base, ours, theirs)
    assert opened(ada, done.text).metadata.recipients == (ada.recipient, bob.recipient)
    assert values(bob, done.text) == VALUES
    with pytest.raises(NoKeyError):
        opened(eve, done.text)
    # What was wrapped already is not wrapped anew.
    assert {s.enc for s in opened(ada, done.text).metadata.groups[0].age} < {
        s.enc for side in (ours, theirs) for s in opened(ada, side).metadata.groups[0].age
    }


@pytest.mark.parametrize("swapped", [False, True])
def test_a_change_goes_under_the_new_data_key_of_the_other_side_with_its_nonce(
    ada: Person, eve: Person, base: str, swapped: bool
) -> None:
    changed, rotated = edited(base, ada, {"a": "two"}), rekeyed(base, ada, ada)
    done = merged(ada, base, *((rotated, changed) if swapped else (changed, rotated)))
    result = opened(ada, done.text)
    assert plain(result.values) == {**VALUES, "a": "two"}
    assert same_data_key(result, opened(ada, rotated))
    assert {leaf.envelope.iv for leaf in result.file.leaves} == {leaf.envelope.iv for leaf in sops_file(changed).leaves}
    assert [(each.pointer, each.recipients) for each in done.exposed] == [(("a",), (eve.recipient,))]


def test_nobody_who_left_knows_the_data_key_when_both_sides_rotated(ada: Person, eve: Person, bob: Person) -> None:
    base = made(VALUES, ada, eve, bob)
    ours, theirs = rekeyed(base, ada, ada, eve), rekeyed(edited(base, ada, {"a": "two"}), ada, ada, bob)
    done = merged(ada, base, ours, theirs)
    result = opened(ada, done.text)
    assert plain(result.values) == {**VALUES, "a": "two"}
    assert result.metadata.recipients == (ada.recipient,)
    assert not any(same_data_key(result, opened(ada, side)) for side in (ours, theirs))


@pytest.mark.parametrize("swapped", [False, True])
def test_a_name_that_anybody_wrote_into_a_file_gets_no_new_data_key(
    ada: Person, eve: Person, bob: Person, swapped: bool
) -> None:
    base = made(VALUES, ada, bob)
    # Without any key: a copy of ada's stanza under another name. No MAC covers it.
    stanza = base[base.index("        - enc") : base.index("        - enc", base.index("        - enc") + 1)]
    forged = base.replace(stanza, stanza + stanza.replace(ada.recipient, eve.recipient), 1)
    assert opened(ada, forged).metadata.recipients == (ada.recipient, eve.recipient, bob.recipient)
    rotated = rekeyed(edited(base, ada, {"a": "two"}), ada, ada, bob)
    sides = (rotated, forged) if swapped else (forged, rotated)
    done = merged(ada, base, *sides, known={ada.recipient})
    assert set(opened(ada, done.text).metadata.recipients) == {ada.recipient, bob.recipient}
    assert done.strangers == (eve.recipient,)
    with pytest.raises(NoKeyError):
        opened(eve, done.text)
    assert values(eve, merged(ada, base, *sides, known={ada.recipient, eve.recipient}).text)["a"] == "two"


def test_a_base_from_before_we_were_recipients_opens_by_the_same_data_key(ada: Person, eve: Person) -> None:
    base = made(VALUES, eve)
    shared = rekeyed(base, eve, eve, ada, rotate=False)
    done = merged(ada, base, edited(shared, ada, {"a": "2"}), edited(shared, ada, {"db.user": "root"}))
    assert values(ada, done.text)["db"]["user"] == "root"


def test_no_key_is_needed_where_one_side_is_as_it_was(base: str, eve: Person, ada: Person) -> None:
    def refuse(text: str, name: str) -> Opened:
        raise AssertionError("nothing is opened")

    changed = edited(base, ada, {"a": "2"})
    assert merge(base, changed, base, refuse, NOW).text == changed
    assert merge(base, base, changed, refuse, NOW).text == changed
    assert merge(base, changed, changed, refuse, NOW).text == changed


def test_comments_come_from_the_side_that_changed_them(ada: Person, base: str) -> None:
    ours, theirs = edited(base, ada, {"a": "2"}), "# why this is so\n" + edited(base, ada, {"db.user": "root"})
    for pair in ((ours, theirs), (theirs, ours)):
        done = merged(ada, base, *pair)
        assert done.clashes == ()
        assert done.text.startswith("# why this is so\n")
        assert values(ada, done.text) == {**VALUES, "a": "2", "db": {"user": "root", "password": "hunter2"}}


def test_comments_come_along_beside_a_new_data_key(ada: Person, base: str) -> None:
    theirs = "# why\n" + edited(base, ada, {"a": "2"})
    done = merged(ada, base, rekeyed(base, ada, ada), theirs)
    result = opened(ada, done.text)
    assert done.clashes == ()
    assert done.text.startswith("# why\n")
    assert result.metadata.recipients == (ada.recipient,)
    assert not same_data_key(result, opened(ada, base))


def test_comments_that_both_sides_changed_are_a_conflict(ada: Person, base: str) -> None:
    done = merged(ada, base, "# mine\n" + base, "# other\n" + edited(base, ada, {"a": "2"}))
    assert [clash.why for clash in done.clashes] == ["comments that both sides changed"]
    assert values(ada, done.text)["a"] == "2"


def test_files_of_several_documents_are_not_merged(ada: Person, base: str) -> None:
    notes = base[base.index("sops:\n") :]
    two = signed(f'{base}---\nb: ""\n{notes}', opened(ada, base)._data_key, NOW).file.text
    with pytest.raises(NotMergedError, match="theirs has 2 documents"):
        merged(ada, base, edited(base, ada, {"a": "2"}), two)


def test_another_rule_of_what_is_encrypted_is_not_merged(ada: Person, eve: Person, base: str) -> None:
    other = sops.create(VALUES, [ada.recipient], now=NOW, selector=sops.Selector("encrypted_regex", "."))
    with pytest.raises(NotMergedError, match="which values are encrypted"):
        merged(ada, base, edited(base, ada, {"a": "2"}), other)
