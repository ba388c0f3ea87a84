"""Flags that have had their day: in a repository with source trees beside it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from terrace.cli import run
from terrace.flags.counting import Series
from terrace.flags.usage import Batch, UsageStore

FLAG = """\
  {key}:
    type: {type}
    owner: team-{key}
    created: 2026-01-01
    {life}
    variants: {variants}
    off_variant: off
    environments: {{development: {development}, production: {production}}}
"""
Stale = Callable[..., dict[str, Any]]


def written(key: str, production: str = "{default: off, rules: [{when: {plan: pro}, serve: on}]}", **more: str) -> str:
    said = {
        "type": "boolean",
        "life": "expires: 2030-01-01",
        "variants": "{on: true, off: false}",
        "development": production,
    }
    return FLAG.format(key=key, production=production, **{**said, **more})


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository of two environments and two tenants, with one flag that is fine."""
    for name in ("base", "development", "production"):
        (tmp_path / "environments" / name).mkdir(parents=True)
    for name in ("development", "production"):
        (tmp_path / f"environments/{name}/environment.yaml").write_text(f"kind: {name}\n", encoding="utf-8")
    for name in ("acme", "globex"):
        (tmp_path / "tenants" / name).mkdir(parents=True)
        about = "services: []\nenvironments: [development, production]\n"
        (tmp_path / f"tenants/{name}/tenant.yaml").write_text(about, encoding="utf-8")
    (tmp_path / "flags").mkdir()
    (tmp_path / "src").mkdir()
    return tmp_path


def put(folder: Path, path: str, text: str) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text, encoding="utf-8")


@pytest.fixture
def stale(shop: Path, capsys: pytest.CaptureFixture[str]) -> Stale:
    """What `terrace flags stale --format json` says of the repository on 24 November 2026."""

    def told(flags: str, *arguments: str, code: str = "", name: str = "src/a.py") -> dict[str, Any]:
        put(shop, "flags/shop.yaml", "flags:\n" + flags)
        if code:
            put(shop, name, code)
            arguments = (*arguments, "--code", str(shop / "src"))
        command = ["-C", str(shop), "flags", "stale", "--now", "2026-11-24", "--format", "json", *arguments]
        assert run(command) == 0, capsys.readouterr().err
        said: dict[str, Any] = json.loads(capsys.readouterr().out)
        return said

    return told


def whys(said: dict[str, Any]) -> dict[str, list[str]]:
    return {each["key"]: [reason["why"] for reason in each["reasons"]] for each in said["stale"]}


def test_a_flag_that_is_used_and_differs_is_not_stale(stale: Stale) -> None:
    assert whys(stale(written("fine"), code='client.get_boolean_value("fine", False)')) == {}


@pytest.mark.parametrize(
    ("life", "expected"),
    [("expires: 2026-11-23", ["expired"]), ("expires: 2026-11-24", []), ("permanent: true", [])],
)
def test_a_flag_is_expired_on_the_day_after_its_last(stale: Stale, life: str, expected: list[str]) -> None:
    assert whys(stale(written("a", life=life))).get("a", []) == expected


@pytest.mark.parametrize(
    ("production", "more", "expected"),
    [
        ("{default: on}", {}, "on"),
        ("{default: on}", {"development": "{default: off}"}, None),
        ("{default: on}", {"life": "permanent: true"}, None),
        (
            "{default: on}",
            {"life": "{expires: 2030-01-01, kind: kill_switch}".strip("{}").replace(", ", "\n    ")},
            None,
        ),
        ("{default: off, rules: [{when: {tenant: [acme, globex]}, serve: on}]}", {}, "on"),
        ("{default: off, rules: [{when: {tenant: [acme]}, serve: on}]}", {}, None),
        ("{default: off, schedule: [{at: 2026-12-01T00:00:00Z, default: on}]}", {}, None),
        ("{default: off, schedule: [{at: 2026-09-01T00:00:00Z, default: on}]}", {}, "on"),
        ("{default: off, schedule: [{at: 2026-11-20T00:00:00Z, default: on}]}", {}, None),
    ],
)
def test_one_variant_for_everyone_in_every_environment_for_long_enough(
    stale: Stale, production: str, more: dict[str, str], expected: str | None
) -> None:
    found = [
        each for each in stale(written("a", production, **more))["stale"] if each["reasons"][0]["why"] == "constant"
    ]
    assert [each["constant"] for each in found] == ([expected] if expected else [])


def test_one_environment_can_be_judged_by_itself(stale: Stale) -> None:
    flags = written("a", "{default: on}", development="{default: off}")
    assert whys(stale(flags, "--env", "production")) == {"a": ["constant"]}


def test_what_git_says_changed_lately_is_not_told_yet(shop: Path, stale: Stale) -> None:
    def git(*arguments: str, day: str) -> None:
        environ = {
            "GIT_COMMITTER_DATE": f"{day}T12:00:00Z",
            "GIT_AUTHOR_DATE": f"{day}T12:00:00Z",
            "PATH": "/usr/bin:/bin",
        }
        names = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        subprocess.run(["git", *names, *arguments], cwd=shop, check=True, env=environ)

    stale(written("old", "{default: on}") + written("new", "{default: off}"))
    git("init", "-q", ".", day="2026-02-01")
    git("add", "-A", day="2026-02-01")
    git("commit", "-qm", "x", day="2026-02-01")
    text = (shop / "flags/shop.yaml").read_text(encoding="utf-8").replace("default: off", "default: on")
    put(shop, "flags/shop.yaml", text)
    git("commit", "-qam", "y", day="2026-11-20")
    said = stale(text.removeprefix("flags:\n"))
    assert whys(said) == {"old": ["constant"]}
    assert said["stale"][0]["since"] == "2026-02-01"


def test_a_flag_that_no_code_names_is_told_once_it_is_old_enough(stale: Stale) -> None:
    flags = written("a") + written("b").replace("2026-01-01", "2026-11-20")
    said = stale(flags, code="client.get_boolean_value(name + 'x', False)")
    assert whys(said) == {"a": ["uncalled"]}
    assert "1 call makes its key as it runs" in said["stale"][0]["reasons"][0]["message"]


def test_a_flag_that_another_requires_or_that_is_named_is_not_uncalled(stale: Stale) -> None:
    flags = written("a") + written("b", life="permanent: true\n    requires: [{flag: a, variant: on}]")
    assert whys(stale(flags, code='KEYS = ["b"]')) == {}


def test_a_flag_that_only_a_test_sets_is_not_called(stale: Stale) -> None:
    code = 'def test_it(terrace_flags, provider):\n    terrace_flags(provider, {"a": "on"})\n'
    said = stale(written("a"), code=code)
    assert whys(said) == {"a": ["uncalled"]}
    assert said["stale"][0]["removal"]["code"][0]["text"] == "remove the flag from those that the test sets"


def test_a_key_that_no_file_knows_is_told_and_so_is_one_that_is_archived(stale: Stale) -> None:
    flags = written("a") + "archived:\n  gone: {type: boolean, day: 2026-05-01, reason: done}\n"
    code = (
        "client.getBooleanValue('gone', false); client.getBooleanValue('typo', true); client.getBooleanValue('a', true)"
    )
    said = stale(flags, code=code, name="src/a.ts")
    assert {each["key"]: each["reasons"][0]["message"] for each in said["stale"]} == {
        "gone": "called, though archived on 2026-05-01",
        "typo": "called, and defined in no file of flags/",
    }


def test_a_call_of_another_type_is_told(stale: Stale) -> None:
    said = stale(written("a"), code='client.get_integer_value("a", 3)')
    assert [(each["key"], each["flag"], each["type"]) for each in said["calls_of_another_type"]] == [
        ("a", "boolean", "integer")
    ]


USAGE = '{"environments": {"production": {"since": "2026-08-01T00:00:00Z", "last": {"a": "%s"}}}}'


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (USAGE % "2026-09-01T00:00:00Z", {"a": ["unused"], "b": ["unused"]}),
        (USAGE % "2026-11-20T00:00:00Z", {"b": ["unused"]}),
        (USAGE.replace("2026-08", "2026-11") % "2026-11-20T00:00:00Z", {}),
    ],
)
def test_a_flag_that_was_not_evaluated_is_told_where_that_is_known(
    shop: Path, stale: Stale, usage: str, expected: dict[str, list[str]]
) -> None:
    put(shop, "usage.json", usage)
    assert whys(stale(written("a") + written("b"), "--usage", str(shop / "usage.json"))) == expected


def test_the_file_of_a_server_tells_of_evaluations(shop: Path, stale: Stale) -> None:
    at = datetime(2026, 9, 1, tzinfo=UTC).timestamp()
    store = UsageStore(shop / "usage.db")
    assert store.add(Batch("1", at, {Series("production", "a", "on", "", "STATIC"): 3}))
    store.close()
    said = stale(written("a"), "--usage", str(shop / "usage.db"))
    assert [each["reasons"][0]["message"] for each in said["stale"]] == ["last evaluated on 2026-09-01, 84 days ago"]


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"environments": {"p": {"since": 3}}}', b"SQLite format 3\0"])
def test_what_is_no_usage_is_said_and_not_touched(
    shop: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (shop / "usage").write_bytes(content)
    assert run(["-C", str(shop), "flags", "stale", "--usage", str(shop / "usage")]) == 2
    assert "is no usage of flags" in capsys.readouterr().err
    assert (shop / "usage").read_bytes() == content


def test_a_database_of_something_else_is_no_usage(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    connection = sqlite3.connect(shop / "other.db")
    connection.execute("create table t (a)")
    connection.close()
    assert run(["-C", str(shop), "flags", "stale", "--usage", str(shop / "other.db")]) == 2
    assert "is no usage of flags" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("if C:\n    a()\nelse:\n    b()\n", "always true: keep line 2 in the place of lines 1-4"),
        ("if not C:\n    a()\nelse:\n    b()\n", "never true: keep line 4 in the place of lines 1-4"),
        ("if not C:\n    a()\n", "never true: remove lines 1-2"),
        (
            "if not C:\n    a()\nelif x:\n    b()\n",
            "never true: remove lines 1-2, and make the `elif` of line 3 an `if`",
        ),
        (
            "if x:\n    a()\nelif C:\n    b()\nelse:\n    c()\n",
            "always true: make this `elif` an `else`, and remove lines 5-6",
        ),
        ("x = 1 if C else 2\n", "always true: keep what is before `if`"),
        ("x = C and y\n", "put True in the place of `client.get_boolean_value('a', False)`"),
    ],
)
def test_the_branch_that_stays_is_named(stale: Stale, code: str, text: str) -> None:
    said = stale(written("a", "{default: on}"), code=code.replace("C", 'client.get_boolean_value("a", False)'))
    assert [each["text"] for each in said["stale"][0]["removal"]["code"]] == [text]


def test_what_is_cut_leaves_a_file_without_the_flag_and_with_all_else(shop: Path, stale: Stale) -> None:
    flags = written("before") + "  # About a.\n" + written("a", "{default: on}") + "\n  # About b.\n" + written("b")
    tests = "tests:\n"
    for key in ("a", "b"):
        tests += (
            f"  - name: of {key}\n    flag: {key}\n    environment: production\n    context: {{}}\n    expect: on\n"
        )
    said = stale(flags + tests)
    (found,) = said["stale"]
    lines = (shop / "flags/shop.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    for cut in reversed(found["removal"]["cuts"]):
        assert not cut["shared"]
        del lines[cut["first"] - 1 : cut["last"]]
    left = "".join(lines)
    assert (
        left
        == "flags:\n"
        + written("before")
        + "\n  # About b.\n"
        + written("b")
        + "tests:\n"
        + tests[tests.index("  - name: of b") :]
    )
    assert found["removal"]["archive"]["text"].startswith("a: {type: boolean, day: 2026-11-24, reason: ")
    archive = f"archived:\n  {found['removal']['archive']['text']}\n"
    assert whys(stale(left.removeprefix("flags:\n") + archive)) == {}


def test_a_requirement_says_whether_it_holds(stale: Stale) -> None:
    other = written("b", life="permanent: true\n    requires: [{flag: a, variant: VARIANT}]")
    texts = []
    for variant in ("on", "off"):
        said = stale(written("a", "{default: on}") + other.replace("VARIANT", variant))
        texts += [each["text"] for entry in said["stale"] if entry["key"] == "a" for each in entry["removal"]["others"]]
    assert texts[0] == "b requires a: on, which always holds: remove the requirement"
    assert "which never holds" in texts[1]


def test_flags_that_cannot_be_read_are_no_reason_to_call_code_wrong(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(shop, "flags/shop.yaml", "flags: [\n")
    assert run(["-C", str(shop), "flags", "stale"]) == 3
    assert "flags/shop.yaml" in capsys.readouterr().err


def test_source_trees_are_named_once_for_all_and_text_fits_80_columns(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(shop, "pyproject.toml", '[tool.terrace]\ncode = ["src"]\n')
    put(shop, "src/a.py", 'if client.get_boolean_value("a", False):\n    pass\n')
    put(shop, "flags/shop.yaml", "flags:\n" + written("a", "{default: on}"))
    assert run(["-C", str(shop), "flags", "stale", "--exit-code", "--now", "2026-11-24"]) == 1
    text = capsys.readouterr().out
    assert "src/a.py:1: always true: keep line 2 in the place of lines 1-2" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "1 of 1 flag is stale: 1 the same for everyone. 1 file searched in src." in text


def test_an_issue_cannot_be_made_to_call_people_or_break_out(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = written("a", life="expires: 2026-02-01").replace("owner: team-a", 'owner: "@all <b> [x](y)"')
    put(shop, "flags/shop.yaml", "flags:\n" + flags)
    assert run(["-C", str(shop), "flags", "stale", "--format", "markdown"]) == 0
    assert "## &#64;all \\<b\\> \\[x\\](y)" in capsys.readouterr().out


def test_annotations_name_the_file_and_line(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(shop, "flags/shop.yaml", "flags:\n" + written("a", life="expires: 2026-02-01"))
    assert run(["-C", str(shop), "flags", "stale", "--format", "github"]) == 0
    assert capsys.readouterr().out.startswith("::warning file=flags/shop.yaml,line=2,endLine=2,col=3,")
