"""GitHub annotations and suggestions."""

from __future__ import annotations

import re

from hypothesis import given
from random_reports import WORDS
from sample_report import FROM_WITHIN, LEAK, PLAIN_SECRET, PRODUCTION, REPORT, TEXTS, TYPE, WHOLE_FILE

from terrace.model.findings import Edit, Finding, Fix, Report, Severity
from terrace.model.source import Location
from terrace.report.formats.github import render
from terrace.report.suggestion import Suggestion, suggestions


def one(finding: Finding) -> str:
    return render(REPORT._replace(findings=(finding,))).splitlines()[0]


def test_a_command_names_file_and_place() -> None:
    start = f"::error file={PRODUCTION},line=6,endLine=6,col=14,endColumn=19,title=SCH002::"
    assert one(TYPE) == f"{start}{TYPE.message}%0Aaffects backend/production"


def test_the_file_is_named_from_the_root_of_the_git_repository() -> None:
    assert f"file=deploy/config/{PRODUCTION}," in render(REPORT._replace(prefix="deploy/config/"))


def test_a_span_of_several_lines_has_no_columns() -> None:
    assert one(FROM_WITHIN).startswith(f"::notice file={PRODUCTION},line=9,endLine=11,title=ENV006::")


def test_a_finding_about_a_whole_file_has_no_line() -> None:
    assert one(WHOLE_FILE).startswith("::warning file=environments/test/cron.yaml,title=REF001::")


def test_escapes() -> None:
    odd = Finding("X1", Severity.ERROR, "100% sure,\r\nreally: yes", Location("a,b:c%.yaml"))
    assert one(odd) == "::error file=a%2Cb%3Ac%25.yaml,title=X1::100%25 sure,%0D%0Areally: yes"


@given(message=WORDS, path=WORDS)
def test_what_is_escaped_reads_back(message: str, path: str) -> None:
    line = render(Report((Finding("X1", Severity.ERROR, message or "x", Location(path)),))).split("\n")[0]
    head, _, data = line.removeprefix("::error file=").partition("::")
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        head, data = head.replace(code, character), data.replace(code, character)
    assert data == re.sub("[\ud800-\udfff]", "�", message or "x")
    assert head.endswith(",title=X1")


def test_the_worst_come_first() -> None:
    commands = [line.partition(" ")[0] for line in render(REPORT).splitlines() if line.startswith("::")]
    assert commands == ["::error"] * 4 + ["::warning"] * 4 + ["::notice"] * 2


def test_what_github_does_not_show_is_counted() -> None:
    many = REPORT._replace(findings=(TYPE,) * 13 + (WHOLE_FILE,) * 11)
    assert render(many).splitlines()[-1].startswith("4 findings are in this log only")
    assert "in this log only" not in render(REPORT._replace(findings=(TYPE,) * 10))


def suggested(finding: Finding, texts: dict[str, str] = TEXTS) -> tuple[Suggestion, ...]:
    return suggestions(REPORT._replace(findings=(finding,), texts=texts.get))


def test_a_fix_becomes_a_suggestion_for_its_line() -> None:
    body = f"**SCH002** {TYPE.message}\n\n```suggestion\n  pool_size: 250\n```"
    assert suggested(TYPE) == (Suggestion(PRODUCTION, 6, 6, body),)


def test_an_insertion_takes_a_neighbouring_line_in() -> None:
    texts = {"a.yaml": "one: 1\ntwo: 2\n"}
    finding = TYPE._replace(location=Location("a.yaml"))
    below = suggested(finding._replace(fix=Fix("add", (Edit("a.yaml", 7, 7, "new: 3\n"),))), texts)
    assert below[0][1:3] == (1, 1)
    assert "```suggestion\none: 1\nnew: 3\n```" in below[0].body
    above = suggested(finding._replace(fix=Fix("add", (Edit("a.yaml", 0, 0, "new: 3\n"),))), texts)
    assert "```suggestion\nnew: 3\none: 1\n```" in above[0].body


def test_a_deletion_is_an_empty_suggestion() -> None:
    texts = {"a.yaml": "one: 1\ntwo: 2\n"}
    fix = Fix("remove", (Edit("a.yaml", 7, 14, ""),))
    assert suggested(TYPE._replace(location=Location("a.yaml"), fix=fix), texts)[0].body.endswith("```suggestion\n```")


def test_backquotes_in_the_new_lines_do_not_end_the_block() -> None:
    texts = {"a.yaml": "one: 1\n"}
    fix = Fix("quote", (Edit("a.yaml", 5, 6, "'```'"),))
    assert (
        "````suggestion\none: '```'\n````"
        in suggested(TYPE._replace(location=Location("a.yaml"), fix=fix), texts)[0].body
    )


def test_only_fixes_of_one_stretch_are_suggested() -> None:
    assert suggested(LEAK) == ()
    assert suggested(PLAIN_SECRET) == ()
    apart = Fix("both", (Edit(PRODUCTION, 0, 1, "#!"), Edit(PRODUCTION, 120, 121, "x")))
    assert suggested(TYPE._replace(fix=apart)) == ()
