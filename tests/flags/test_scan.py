"""Where source trees ask for flags, in the languages that OpenFeature has SDKs for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from terrace.errors import SourceError
from terrace.flags.code.files import LARGEST
from terrace.flags.code.reference import Reference, suits
from terrace.flags.scan import Scan, scan


def scanned(folder: Path, files: Mapping[str, str | bytes], *keys: str) -> Scan:
    """What a source tree with `files` says of flags; `keys` are those that are defined."""
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return scan([folder], keys, root=folder)


def one(found: Scan) -> Reference:
    """The only place."""
    (reference,) = found.references
    return reference


CALLS = [
    ("a.py", 'client.get_boolean_value("new-cart", False)', "boolean", "False"),
    ("a.py", 'await client.get_string_details_async("new-cart", default_value="x")', "string", "'x'"),
    ("a.py", 'client.get_integer_value(flag_key="new-cart", default_value=3)', "integer", "3"),
    ("a.py", 'client.get_float_value(default_value=0.5, flag_key="new-cart")', "float", "0.5"),
    ("a.py", 'client.get_object_details(\n    "new-cart",\n    {"a": 1},\n)', "object", "{'a': 1}"),
    ("a.js", "await client.getBooleanValue('new-cart', false);", "boolean", "false"),
    ("a.ts", "client.getNumberDetails(\n  `new-cart`,\n  4,\n)", "number", "4"),
    ("a.ts", 'client.getObjectValue<Limits>("new-cart", { most: 3 })', "object", ""),
    ("a.tsx", 'const { value } = useBooleanFlagDetails("new-cart", false);', "boolean", "false"),
    ("a.tsx", 'useFlag("new-cart", true)', "", ""),
    ("a.tsx", '<FeatureFlag flagKey="new-cart" defaultValue={true}>', "", ""),
    ("a.go", 'client.BooleanValue(ctx, "new-cart", false, evalCtx)', "boolean", "false"),
    ("a.go", 'client.Int(r.Context(), "new-cart", 3, evalCtx)', "integer", "3"),
    ("a.go", 'client.StringValueDetails(context.TODO(), "new-cart", "a", evalCtx)', "string", '"a"'),
    ("A.java", 'boolean on = client.getBooleanValue("new-cart", false, context);', "boolean", "false"),
    ("A.java", 'client.getDoubleDetails("new-cart", 1.5)', "float", "1.5"),
    ("a.kt", 'client.getBooleanValue(key = "new-cart", defaultValue = false)', "boolean", "false"),
    ("A.cs", 'await client.GetBooleanValueAsync("new-cart", false);', "boolean", "false"),
    ("A.cs", 'await client.GetIntegerDetailsAsync("new-cart", 7, context);', "integer", "7"),
    ("a.rb", 'client.fetch_boolean_value(flag_key: "new-cart", default_value: false)', "boolean", "false"),
    ("a.php", "$client->getStringValue('new-cart', 'old')", "string", "'old'"),
    ("a.rs", 'client.get_bool_value("new-cart", None, None).await', "boolean", ""),
    ("a.swift", 'client.getBooleanValue(key: "new-cart", defaultValue: false)', "boolean", "false"),
    ("a.ex", 'OpenFeature.Client.get_boolean_value(client, "new-cart", false)', "boolean", "false"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "code", "asked", "default"), CALLS, ids=[f"{path} {code[:40]}" for path, code, *_ in CALLS]
)
def test_a_call_is_found_with_its_type_and_default(
    tmp_path: Path, path: str, code: str, asked: str, default: str
) -> None:
    found = one(scanned(tmp_path, {path: f"\n{code}\n"}, "new-cart"))
    assert (found.kind, found.key, found.path) == ("call", "new-cart", path)
    assert (found.type, found.default) == (asked, default)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("a.py", 'config.get_string_value("server.port")'),
        ("A.java", 'new StringValue("new-cart2", "x")'),
        ("A.java", 'settings.getStringValue("server.port")'),
        ("a.js", "bigStringValue('other', 1)"),
    ],
)
def test_what_only_resembles_a_call_is_none(tmp_path: Path, path: str, code: str) -> None:
    assert scanned(tmp_path, {path: code}, "new-cart").references == ()


def test_a_key_in_quotes_is_a_weaker_sign_and_only_of_flags_that_are_defined(tmp_path: Path) -> None:
    found = scanned(
        tmp_path, {"a.ts": "const KEY = 'new-cart', OTHER = 'nothing';", "b.yaml": 'flag: "new-cart"'}, "new-cart"
    )
    assert [(each.kind, each.key, each.place) for each in found.references] == [
        ("name", "new-cart", "a.ts:1"),
        ("name", "new-cart", "b.yaml:1"),
    ]


def test_constants_are_followed_in_python_through_imports_too(tmp_path: Path) -> None:
    found = scanned(
        tmp_path,
        {
            "shop/keys.py": 'CART = "new-cart"\n\nclass Flags:\n    PAY: str = "pay-later"\n',
            "shop/here.py": 'from enum import StrEnum\nclass K(StrEnum):\n    A = "a-flag"\n'
            "client.get_boolean_value(K.A, False)\nclient.get_boolean_value(K.A.value, False)\n",
            "shop/cart.py": "from shop.keys import CART, Flags as F\nfrom . import keys\nimport shop.keys as k\n"
            "client.get_boolean_value(CART, False)\nclient.get_boolean_value(F.PAY, False)\n"
            "client.get_boolean_value(keys.CART, False)\nclient.get_boolean_value(k.Flags.PAY, False)\n",
        },
    )
    assert [(each.place, each.key) for each in found.references if each.kind == "call"] == [
        ("shop/cart.py:4", "new-cart"),
        ("shop/cart.py:5", "pay-later"),
        ("shop/cart.py:6", "new-cart"),
        ("shop/cart.py:7", "pay-later"),
        ("shop/here.py:4", "a-flag"),
        ("shop/here.py:5", "a-flag"),
    ]


def test_a_key_that_is_made_as_the_program_runs_is_said(tmp_path: Path) -> None:
    code = 'KEY = "a"\nKEY = "b"\nfor name in names:\n    client.get_boolean_value(f"x-{name}", False)\n'
    code += 'client.get_string_value(KEY, "")\n'
    found = scanned(tmp_path, {"a.py": code})
    assert found.references == ()
    assert [(each.path, each.line) for each in found.computed] == [("a.py", 4), ("a.py", 5)]
    assert found.computed[0].text == "client.get_boolean_value(f'x-{name}', False)"


def test_python_that_cannot_be_parsed_is_searched_as_text_and_said(tmp_path: Path) -> None:
    found = scanned(tmp_path, {"a.py": 'print "old"\nclient.get_boolean_value("new-cart", False)\n'})
    assert one(found).place == "a.py:2"
    assert found.notes[0].path == "a.py"
    assert "line 1" in found.notes[0].message


HOSTILE: dict[str, bytes] = {
    "deep.py": b"x = " + b"-" * 50_000 + b"1\nget_boolean_value('k', 1)",
    "chain.py": b"x = a" + b".b" * 100_000 + b"\nget_boolean_value('k', 1)",
    "sum.py": b"x = " + b"1+" * 100_000 + b"1\nget_boolean_value('k', 1)",
    "brackets.py": b"(" * 100_000 + b"get_boolean_value",
    "ifs.py": b"".join(b" " * n + b"if x:\n" for n in range(300)) + b"get_boolean_value",
    "line.js": b"getBooleanValue(" * 60_000,
    "quotes.js": b"'" * 900_000,
    "words.js": b"'a" * 450_000,
    "spaces.js": b"getBooleanValue(" + b" " * 900_000 + b"'k', false)",
    "latin.py": "# \xe9\nclient.get_boolean_value('k', False)\n".encode("latin-1"),
    "null.py": b"get_boolean_value('k', False)\0",
    "half.ts": b"\xff\xfe\xfd getBooleanValue('k', false)",
    "surrogate.py": b"get_boolean_value('\xed\xa0\x80', False)",
    "\udcff.js": b"getBooleanValue('named', false)",
}


@pytest.mark.parametrize("name", HOSTILE, ids=[name.encode("utf-8", "replace").decode() for name in HOSTILE])
def test_a_hostile_file_hides_no_other(tmp_path: Path, name: str) -> None:
    found = scanned(tmp_path, {name: HOSTILE[name], "good.py": "client.get_boolean_value('good', False)"}, "k")
    assert ("good.py", "good") in [(each.path, each.key) for each in found.references]


def test_a_file_that_is_too_large_is_passed_by_and_said(tmp_path: Path) -> None:
    found = scanned(tmp_path, {"big.js": b"getBooleanValue('k', false)" + b" " * LARGEST})
    assert found.references == ()
    assert [note.path for note in found.notes] == ["big.js"]


def test_no_pipe_and_no_link_is_followed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    outside = tmp_path / "outside.py"
    outside.write_text("client.get_boolean_value('k', False)\n", encoding="utf-8")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link.py").symlink_to(outside)
    (tmp_path / "in/circle").symlink_to(tmp_path)
    assert scan([tmp_path / "in"], (), root=tmp_path).references == ()
    assert [each.path for each in scan([tmp_path], (), root=tmp_path).references] == ["outside.py"]


def test_what_git_ignores_is_ignored_and_what_it_could_add_is_not(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    call = "client.get_boolean_value('k', False)\n"
    files = {".gitignore": "build/\n", "build/a.py": call, "src/a.py": call, "node_modules/b.py": call}
    assert [each.path for each in scanned(tmp_path, files).references] == ["node_modules/b.py", "src/a.py"]
    assert [each.path for each in scan([tmp_path / "src"], (), root=tmp_path).references] == ["src/a.py"]


def test_outside_of_git_folders_of_tools_are_passed_by(tmp_path: Path) -> None:
    call = "client.get_boolean_value('k', False)\n"
    assert [each.path for each in scanned(tmp_path, {"node_modules/a.js": call, "a.js": call}).references] == ["a.js"]


def test_the_flags_themselves_are_no_code(tmp_path: Path) -> None:
    (tmp_path / "flags").mkdir()
    (tmp_path / "flags/shop.yaml").write_text('"new-cart"', encoding="utf-8")
    assert scan([tmp_path], ("new-cart",), root=tmp_path, but=tmp_path / "flags").references == ()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not a folder"):
        scan([tmp_path / "nowhere"], (), root=tmp_path)


def test_folders_that_overlap_are_read_once(tmp_path: Path) -> None:
    scanned(tmp_path, {"src/a.py": "client.get_boolean_value('k', False)\n"})
    found = scan([tmp_path, tmp_path / "src"], (), root=tmp_path)
    assert (len(found.references), found.files) == (1, 1)


@pytest.mark.parametrize(
    ("code", "word", "body", "otherwise"),
    [
        ("if C:\n    a()\n    b()\nelse:\n    c()\n", "if", (2, 3), (5, 5)),
        ("if not C:\n    a()\n", "if", (2, 2), None),
        ("if x:\n    y()\nelif C:\n    a()\n", "elif", (4, 4), None),
        ("while C:\n    a()\n", "while", (2, 2), None),
        ("x = 1 if C else 2\n", "expression", (1, 1), (1, 1)),
    ],
)
def test_what_a_call_decides_is_known(
    tmp_path: Path, code: str, word: str, body: tuple[int, int], otherwise: tuple[int, int] | None
) -> None:
    branch = one(scanned(tmp_path, {"a.py": code.replace("C", 'client.get_boolean_value("k", False)')})).branch
    assert branch is not None
    assert branch.word == word
    assert (branch.body.line, branch.body.end_line) == body
    assert (branch.otherwise and (branch.otherwise.line, branch.otherwise.end_line)) == otherwise


@pytest.mark.parametrize(
    ("test", "equals", "negated"),
    [
        ('client.get_boolean_value("k", False)', True, False),
        ('not client.get_boolean_value("k", False)', True, True),
        ('client.get_boolean_details("k", False).value', True, False),
        ('client.get_string_value("k", "a") == "b"', "b", False),
        ('"b" != client.get_string_value("k", "a")', "b", True),
        ('not client.get_string_value("k", "a") != "b"', "b", False),
    ],
)
def test_what_the_answer_is_compared_with_is_known(tmp_path: Path, test: str, equals: object, negated: bool) -> None:
    branch = one(scanned(tmp_path, {"a.py": f"if {test}:\n    a()\n"})).branch
    assert branch is not None
    assert (branch.equals, branch.negated) == (equals, negated)


@pytest.mark.parametrize(
    "test", ['client.get_boolean_value("k", False) and x', 'f(client.get_boolean_value("k", False))']
)
def test_a_decision_that_hangs_on_more_is_left_to_people(tmp_path: Path, test: str) -> None:
    assert one(scanned(tmp_path, {"a.py": f"if {test}:\n    a()\n"})).branch is None


def test_a_whole_number_serves_where_a_float_is_asked_for_and_not_the_other_way_round() -> None:
    assert suits("float", "integer")
    assert suits("number", "float")
    assert not suits("integer", "float")
    assert not suits("boolean", "string")
    assert suits("", "object")
