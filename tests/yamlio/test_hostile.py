"""Files made to break a reader give findings, in a process that must come back."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from terrace.yamlio import limits, load, read

PIECES = [
    *("[", "{", "- ", "? ", "&a ", "*a ", '"', "'", "|\n", "%", "!", "a: ", "\n", "\r\n", "\r", " ", "\n ", "#", ":"),
    *(",", "]", "}", "\t", ">", "---\n", "...\n", "<<: ", "x" * 2000, "a:\n", "[:", "{a: ", "- &a ", "\\", "0", "é"),
    *('k: "#', "- '#", '"#', "'# ", " #"),
]

_CHILD = """
import sys
from terrace.yamlio import read
piece, start = sys.argv[1:]
size = {size}
data = (start + piece * (size // len(piece.encode()))).encode()[:size].decode(errors="ignore").encode()
document, findings = read("x.yaml", data)
assert (document is None) == bool(findings)
"""


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: ascii(piece[:8]))
def test_a_file_full_of_one_sign_neither_crashes_nor_hangs(piece: str) -> None:
    code = _CHILD.format(size=limits.MAX_BYTES)
    for start in ("", "a:\n  - "):
        subprocess.run([sys.executable, "-c", code, piece, start], timeout=60, check=True)


def test_staircases_neither_crash_nor_hang() -> None:
    for line in ("a:", "-"):
        data = "".join(" " * depth + line + "\n" for depth in range(1400)).encode()
        assert [f.code for f in read("x.yaml", data)[1]] == ["SYN003"], line


def test_long_numbers_are_not_converted() -> None:
    for number in ("9" * 10**6, "0x" + "f" * 10**6, "1e" + "9" * 10**6, "1" * 10**6 + ".5"):
        assert [f.code for f in read("x.yaml", f"a: {number}".encode())[1]] == ["SYN013"]


@pytest.mark.parametrize("seed", range(4))
def test_the_short_way_and_the_exact_way_agree(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(1500):
        text = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 25)))
        document, findings = read("x.yaml", text.encode())
        exact, more = load(text)
        if document is not None:
            assert findings == more == [], text
            assert repr(document.value) == repr(exact), text
            assert () in document.spans
        else:
            assert findings, text
            assert more or not isinstance(exact, dict), text
