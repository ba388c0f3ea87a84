"""Values and plain YAML as odd as they can be, from a seed."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from terrace.sops import Timestamp

TEXTS = (
    "", " ", "a", "yes", "n", "true", "null", "~", "5", "0x1f", "1e3", "1.5", "08", "-", "+", ".", "12:30",
    "2024-01-01", "a: b # c", "# no comment", "- item", "ENC[AES256_GCM,data:x]", "line\nline\n", "\n leading\n",
    "  two\n\nblank\n \n", "tab\there", "\r\n", "trailing ",
    "é", "日本語", "😀", "\u0085", "\u2028", "\ufeff", "\x00", "\x7f", "'", '"', "\\n",
    "{}", "[a", "*x", "&x", "!x", "%x", "@x", "`x", "|", ">", "<<", "=", "a" * 300, "x\n" * 40, "p@ss: w'rd\"",
)  # fmt: skip
KEYS = (
    "a", "b", "key", "Key", "with space", "a:b", "", "1", "true", "null", "~", "y", "é", "sops_", "quo\"te", "it's",
    "2024-01-01", "-", "new\nline", "a.b", "x_unencrypted", "y_enc", "# k", "[k]", "{k}", "0word", "k" * 150, "token",
)  # fmt: skip
SPELLINGS = (
    "5", "-1", "0", "00", "0755", "08", "0o17", "0x1F", "0b11", "1_000", "+7", "1.0", "1.50", "1e3", ".5", "5.",
    "-.5e-3", "1e21", ".inf", "-.inf", ".nan", "true", "False", "TRUE", "yes", "no", "on", "y", "~", "null",
    "Null", "", "1e400",
    "2024-01-01", "2024-1-2T3:4:5Z", "2024-01-02T03:04:05.120+02:00", "2024-01-02 03:04:05", "2021-19-09", "12:30:45",
    "1.2.3", "abc", "a b", "9223372036854775807", "18446744073709551616", "'5'", '"x\\ny"', "'it''s'", "!!str 5",
    "!!float 5", "!!binary aGVsbG8=", "!!binary /w==", "!foo x", "|\n  a\n  b\n", ">-\n  a\n  b\n", "|+\n  x\n\n",
    "[]", "{}",
)  # fmt: skip

_BLANK = (" ", "\t", "\n", "\r", "\u0085", "\u2028")


def values(random: Random, depth: int = 3) -> dict[str, Any]:
    """A nested map of anything that a file can hold."""
    keys = random.sample(KEYS, random.randint(1, 6))
    return {key: _value(random, depth) for key in keys}


def text(random: Random, *, blank_first: bool = True) -> str:
    """Text. With several lines of which the first is blank, or indented, SOPS's own *plain* output is wrong YAML."""
    while True:
        found = random.choice(TEXTS) + random.choice(("", *TEXTS))
        if blank_first or not (found[:1] in _BLANK and "\n" in found):
            return found


def scalar(random: Random) -> Any:
    """One value."""
    return random.choice(
        (
            text(random, blank_first=False),
            text(random, blank_first=False),
            random.randint(-5, 5),
            random.randint(-(2**63), 2**63 - 1),
            random.choice((0.5, 1.0, 1e21, 1e-7, -2.5, 1.5e300, 5e-324, 123456.789)),
            random.choice((True, False, None)),
            random.choice((Timestamp("2024-01-02T03:04:05Z"), Timestamp("2024-01-02T03:04:05.123456789+02:00"))),
            random.choice((b"\xff\x00", b"\xfe" * 20)),
        )
    )


def _value(random: Random, depth: int) -> Any:
    kind = random.random()
    if depth and kind < 0.25:
        return values(random, depth - 1) if random.random() < 0.9 else {}
    if depth and kind < 0.4:
        return [_value(random, depth - 1) for _ in range(random.randint(0, 3))]
    return scalar(random)


def plain(random: Random, *, comments: bool = True, times: bool = True) -> str:
    """A plain YAML document in many spellings."""
    return "".join(_lines(random, 0, comments, times, 2))


def _lines(random: Random, indent: int, comments: bool, times: bool, depth: int) -> list[str]:
    space = " " * indent
    lines = []
    for key in random.sample(KEYS, random.randint(1, 5)):
        if comments and random.random() < 0.3:
            lines.append(f"{space}# {random.choice(('note', 'é', 'two words'))}\n")
        name = json.dumps(key, ensure_ascii=random.random() < 0.5)
        kind = random.random()
        if depth and kind < 0.2:
            lines += [f"{space}{name}:\n", *_lines(random, indent + 2, comments, times, depth - 1)]
        elif depth and kind < 0.3:
            lines.append(f"{space}{name}:\n")
            for _ in range(random.randint(1, 3)):
                if comments and random.random() < 0.2:
                    lines.append(f"{space}  # in a list\n")
                lines.append(f"{space}  - {_spelling(random, indent + 2, times)}\n")
        else:
            lines.append(f"{space}{name}: {_spelling(random, indent, times)}\n")
    return lines


def _spelling(random: Random, indent: int, times: bool) -> str:
    written = random.choice(SPELLINGS)
    while not times and written.startswith("20"):
        written = random.choice(SPELLINGS)
    first, *rest = written.split("\n")
    return "\n".join([first, *(" " * indent + line if line else "" for line in rest)]).rstrip(" ")
