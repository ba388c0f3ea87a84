"""Each mistake is found with its code, at its exact place, and all of a file's mistakes at once."""

from __future__ import annotations

import pytest

from terrace.model.findings import Severity
from terrace.model.source import Pointer, Span, Spans
from terrace.yamlio import limits, read

Expected = tuple[str, tuple[int, int, int, int], Pointer | None]

MISTAKES: dict[str, tuple[bytes, list[Expected]]] = {
    "not UTF-8": (b"a: 1\nb: x\xffy\n", [("SYN001", (2, 5, 2, 6), None)]),
    "UTF-16 with BOM": ("a: 1".encode("utf-16"), [("SYN001", (1, 1, 1, 1), None)]),
    "UTF-32 with BOM": ("a: 1".encode("utf-32"), [("SYN001", (1, 1, 1, 1), None)]),
    "UTF-8 BOM, and a mistake behind it": (
        b"\xef\xbb\xbfa: 1\na: 2\n",
        [("SYN002", (1, 1, 1, 1), None), ("SYN006", (2, 1, 2, 2), ("a",))],
    ),
    "deep brackets": (b"[" * 5000, [("SYN003", (1, 65, 1, 66), None)]),
    "deep list": (b"- " * 5000, [("SYN003", (1, 129, 1, 130), None)]),
    "a ':' too many": (b"a: b: c\n", [("SYN004", (1, 5, 1, 6), None)]),
    "no ':'": (b"a: 1\nb\nc: 2\n", [("SYN004", (2, 1, 2, 2), None)]),
    "an open quote": (b"a: 1\nb: 'x\n", [("SYN004", (2, 4, 2, 5), None)]),
    "an open bracket": (b"a: [1, 2\nb: 3\n", [("SYN004", (1, 4, 1, 5), None)]),
    "a tab for indentation": (b"a:\n\tb: 1\n", [("SYN004", (2, 1, 2, 2), None)]),
    "a reserved sign": (b"a: @x\n", [("SYN004", (1, 4, 1, 5), None)]),
    "a comment without a space": (b'a: "x"# c\n', [("SYN004", (1, 7, 1, 8), ("a",))]),
    "a comment glued to a block scalar": (b"a: |# c\n  x\n", [("SYN004", (1, 5, 1, 6), ("a",))]),
    "a quoted line too far left": (b'a: "x\ny"\n', [("SYN004", (2, 1, 2, 2), None)]),
    "an item too far left": (b"a: [x,\ny]\n", [("SYN004", (2, 1, 2, 2), None)]),
    "a glued question mark": (b"a: {?x: 1}\n", [("SYN004", (1, 5, 1, 6), ("a",))]),
    "a lone dash": (b"a: [-]\n", [("SYN004", (1, 5, 1, 6), ("a", 0))]),
    "an empty line deeper than the text": (b"a: |\n    \n  x\n", [("SYN004", (2, 1, 2, 5), None)]),
    "YAML 1.1 asked for": (b"%YAML 1.1\n---\na: 1\n", [("SYN004", (1, 1, 1, 10), None)]),
    "a key three times": (
        b"a: 1\nb:\n  c: 1\n  'c': 2\na: 2\na: 3\n",
        [("SYN006", (4, 3, 4, 6), ("b", "c")), ("SYN006", (5, 1, 5, 2), ("a",)), ("SYN006", (6, 1, 6, 2), ("a",))],
    ),
    "keys that are not text": (
        b"1: a\ntrue: b\n~: c\n? [x]\n: d\n0.5: e\n",
        [
            ("SYN007", (line, column, line, end), ())
            for line, column, end in [(1, 1, 2), (2, 1, 5), (3, 1, 2), (4, 3, 6), (6, 1, 4)]
        ],
    ),
    "no key": (b"a:\n  : x\n", [("SYN007", (2, 3, 2, 4), None)]),
    "tags": (
        b"a: !!str 1\nb: !x\n  c: 1\nd: ! 5\n",
        [("SYN008", (1, 4, 1, 9), ("a",)), ("SYN008", (2, 4, 2, 6), ("b",)), ("SYN008", (4, 4, 4, 5), ("d",))],
    ),
    "a tag directive": (b"%TAG ! x:\n---\na: 1\n", [("SYN008", (1, 1, 1, 10), None)]),
    "anchor, alias and merge key": (
        b"a: &x\n  b: 1\nc: *x\nd:\n  <<: *x\ne:\n  <<: [*x]\n",
        [("SYN009", (1, 4, 1, 6), ("a",))],
    ),
    "a merge key without an alias": (b"a:\n  <<: {b: 1}\n", [("SYN009", (2, 3, 2, 5), ("a",))]),
    "an alias to nothing": (b"a: *x\n", [("SYN009", (1, 4, 1, 6), ("a",))]),
    "a second document, with a mistake of its own": (
        b"a: 1\n---\nb: 2\nb: 3\n",
        [("SYN010", (2, 1, 2, 4), None), ("SYN006", (4, 1, 4, 2), None)],
    ),
    "empty": (b"", [("SYN011", (1, 1, 1, 1), ())]),
    "only comments": (b"# a\n\n# b\n", [("SYN011", (1, 1, 1, 1), ())]),
    "a null": (b"~\n", [("SYN011", (1, 1, 1, 2), ())]),
    "a list": (b"- 1\n- 2\n", [("SYN011", (1, 1, 2, 4), ())]),
    "leading zeros": (
        b"a: 0123\nb: [08, -01]\nc: 00.5\n",
        [
            ("SYN012", (1, 4, 1, 8), ("a",)),
            ("SYN012", (2, 5, 2, 7), ("b", 0)),
            ("SYN012", (2, 9, 2, 12), ("b", 1)),
            ("SYN012", (3, 4, 3, 8), ("c",)),
        ],
    ),
    "numbers that do not fit": (
        b"a: .inf\nb: -.INF\nc: .nan\nd: 1e400\ne: 9223372036854775808\nf: 0x10000000000000000\n",
        [
            ("SYN013", (line, 4, line, end), (key,))
            for line, end, key in [(1, 8, "a"), (2, 9, "b"), (3, 8, "c"), (4, 9, "d"), (5, 23, "e"), (6, 23, "f")]
        ],
    ),
    "characters": (
        'a: "x\u2028y"\nb: \x01\nc: é\x85\nd: \ufeff\n'.encode(),
        [("SYN014", (line, column, line, column + 1), None) for line, column in [(1, 6), (2, 4), (3, 5), (4, 4)]],
    ),
    "half a surrogate pair": (b'a: "\\ud83d\\ude00"\n', [("SYN014", (1, 7, 1, 8), None)]),
    "CRLF and lone CR count as one line each": (b"a: 1\r\nb: 2\rb: 3\r\n", [("SYN006", (3, 1, 3, 2), ("b",))]),
    "columns count characters": ("é: {ü: 1, ü: 2}\n".encode(), [("SYN006", (1, 11, 1, 12), ("é", "ü"))]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_at_its_place(name: str) -> None:
    data, expected = MISTAKES[name]
    document, findings = read("x.yaml", data)
    assert document is None
    assert [(f.code, f.location.span, f.pointer) for f in findings] == [(c, Span(*s), p) for c, s, p in expected]
    for finding in findings:
        assert finding.severity is Severity.ERROR
        assert finding.location.path == "x.yaml"
        assert finding.message
        assert finding.hint


def test_a_duplicate_names_the_place_of_the_first() -> None:
    _, findings = read("x.yaml", b"a:\n  b: 1\n  c: 2\n  b: 3\n")
    assert [(str(r.location), r.message) for f in findings for r in f.related] == [("x.yaml:2:3", "first set here")]


def test_a_tab_is_named_in_the_message() -> None:
    _, findings = read("x.yaml", b"a:\n  b: 1\n\tc: 1\n")
    assert [f.message for f in findings] == ["a tab cannot indent"]


def test_one_look_finds_mistakes_of_every_kind() -> None:
    data = b"a: 0123\na: !x y\n1: .inf\nb: &c d\ne: 'open\n"
    codes = [f.code for f in read("x.yaml", data)[1]]
    assert codes == ["SYN012", "SYN006", "SYN008", "SYN007", "SYN013", "SYN009", "SYN004"]


def test_limits_have_a_last_good_value() -> None:
    deep = limits.MAX_DEPTH - 1
    assert read("x", b"a: " + b"[" * deep + b"]" * deep)[0] is not None
    assert [f.code for f in read("x", b"a: " + b"[" * (deep + 1) + b"]" * (deep + 1))[1]] == ["SYN003"]
    full = "".join(f"k{n}: 1\n" for n in range(limits.MAX_ENTRIES))
    assert read("x", full.encode())[0] is not None
    assert [f.code for f in read("x", (full + "k: 1\n").encode())[1]] == ["SYN003"]
    big = b"a: 1\n#" + b"x" * (limits.MAX_BYTES - 6)
    assert read("x", big)[0] is not None
    found = read("x", big + b"x")[1]
    assert [(f.code, f.location.span) for f in found] == [("SYN003", None)]


def test_findings_of_one_file_are_counted_not_listed_without_end() -> None:
    _, findings = read("x.yaml", b"a: 1\n" * 1000)
    assert len(findings) == limits.MAX_FINDINGS
    assert "899 more" in findings[-1].hint


def test_what_only_old_readers_convert_is_text() -> None:
    data = b"a: no\nb: on\nc: 12:30:45\nd: 1_000\ne: 2020-01-01\nf: 0b11\ng: -0x1f\nh: y\n"
    document, _ = read("x.yaml", data)
    assert document is not None
    assert list(document.value.values()) == ["no", "on", "12:30:45", "1_000", "2020-01-01", "0b11", "-0x1f", "y"]


def test_core_schema_values() -> None:
    data = (
        b"a: 0o17\nb: 0xff\nc: +1\nd: -0\ne: 1e3\nf: .5\ng: 5.\nh: ~\ni:\nj: TRUE\nk: null\n"
        b"l: '1'\nm: 9223372036854775807\n"
    )
    document, _ = read("x.yaml", data)
    assert document is not None
    expected = [15, 255, 1, 0, 1000.0, 0.5, 5.0, None, None, True, None, "1", 2**63 - 1]
    assert repr(list(document.value.values())) == repr(expected)


@pytest.mark.parametrize(
    "text",
    [
        "url: http://h/?a=1&b=2\ncron: '*/5 * * * *'\npath: /x#y\nnot: a!b\n",
        "a: \"#fff\" # white\nb:\n  - '#x'\n",
        "a: [\n  x,\n  y\n]\n",
        "a: 'two\n  lines'\n",
        "%YAML 1.2\n---\na: 1\n...\n",
        "a: |\n\n  x\nb: >-\n  y\n",
        "a: - b\n".replace("- ", "-"),
    ],
)
def test_harmless_signs_are_not_taken_for_mistakes(text: str) -> None:
    assert read("x.yaml", text.encode())[1] == []


def test_every_entry_knows_its_key_and_its_value() -> None:
    document, _ = read("x.yaml", "a:  1 # c\nb:\n  - x\n  - {é: 'y z'}\n\n# end\nc: |\n  t\n  u\n\nd:\n".encode())
    assert document is not None
    spans = {pointer: found for pointer, found in document.spans.items() if pointer}
    assert spans == {
        ("a",): Spans(Span(1, 1, 1, 2), Span(1, 5, 1, 6)),
        ("b",): Spans(Span(2, 1, 2, 2), Span(3, 3, 4, 15)),
        ("b", 0): Spans(None, Span(3, 5, 3, 6)),
        ("b", 1): Spans(None, Span(4, 5, 4, 15)),
        ("b", 1, "é"): Spans(Span(4, 6, 4, 7), Span(4, 9, 4, 14)),
        ("c",): Spans(Span(7, 1, 7, 2), Span(7, 4, 9, 4)),
        ("d",): Spans(Span(11, 1, 11, 2), Span(11, 3, 11, 3)),
    }


def test_the_text_of_a_document_is_the_file() -> None:
    data = "ä: 1\r\nb: 2".encode()
    document, _ = read("x.yaml", data)
    assert document is not None
    assert document.text.encode() == data
