"""Random merges by Git: what merges is right, and opens everywhere; what clashes loses and shows nothing."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.secrets.clone import PATH, Clone
from tests.secrets.conftest import Person
from tests.secrets.random_merges import Case, case, check_ciphertext, check_secrecy, expected, leaves, opened
from tests.soak import rounds
from tests.sops.program import VERSIONS, Sops
from tests.sops.test_real_sops import opened_values, plain_values

MERGES = 25
"""`make soak` does 20 times as many."""


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return [Person() for _ in range(4)]


def merge(clone: Clone, found: Case, people: list[Person]) -> bool:
    """Merge a case with Git, check what became of it, and say whether it was clean."""
    clone.branches(found.base, found.ours, found.theirs)
    done = clone.attempt("merge", "--no-edit", "theirs")
    said = done.stdout + done.stderr
    assert not [value for value in found.values if value in said]
    wanted = expected(found, people[0])
    text = clone.read()
    file = opened(text, people[0])
    check_secrecy(found, text, people[0])
    assert set(file.metadata.recipients) == wanted.recipients
    if done.returncode == 0:
        assert wanted.clashes == frozenset()
        assert leaves(file.values) == wanted.leaves
        check_ciphertext(found, text, people[0])
        return True
    assert "CONFLICT" in said
    assert wanted.clashes or "comments that both sides changed" in said
    stages = [clone.git("show", "--no-textconv", f":{number}:{PATH}") for number in (1, 2, 3)]
    assert stages == list(found[:3])
    # Whatever does not clash is there already.
    left = leaves(file.values)
    assert {
        path: leaf for path, leaf in wanted.leaves.items() if not touches(path, wanted.clashes)
    }.items() <= left.items()
    clone.git("merge", "--abort")
    return False


def touches(path: tuple[str, ...], clashes: frozenset[tuple[str, ...]]) -> bool:
    return any(path[: len(clash)] == clash or clash[: len(path)] == path for clash in clashes)


@pytest.mark.soak
def test_random_merges_are_right_or_a_conflict(tmp_path: Path, people: list[Person]) -> None:
    clone, clean = Clone(tmp_path, people[0]), 0
    for seed in range(rounds(MERGES)):
        clean += merge(clone, case(Random(seed), people), people)
    assert rounds(MERGES) * 0.4 < clean < rounds(MERGES)


@pytest.mark.real
def test_what_merges_opens_in_the_real_program(tmp_path: Path, people: list[Person]) -> None:
    programs = [Sops(version, tmp_path, people[0].text) for version in VERSIONS]
    clone, clean = Clone(tmp_path, people[0]), 0
    for seed in range(500):
        times = seed % 2 == 0
        found = case(Random(1000 + seed), people, times=times)
        if not merge(clone, found, people):
            continue
        clean += 1
        text = clone.read()
        # The older of the two reads no timestamps.
        for program in programs if not times else programs[1:]:
            assert opened_values(opened(text, people[0])) == plain_values(program.decrypt(text)), seed
    assert clean > 200
