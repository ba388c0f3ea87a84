"""Rules as a list, and the page of one."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from terrace.model.findings import Severity
from terrace.report.style import PLAIN, Role, Style
from terrace.report.table import Column, table
from terrace.validate.rule import Rule

_ROLES: dict[Severity, Role] = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"}


def rules_text(rules: Sequence[Rule], style: Style = PLAIN) -> str:
    """A line for each rule: code, severity, title."""
    columns = (Column("code", whole=True, role="strong"), Column("severity", whole=True), Column("finds"))
    rows = [(rule.code, rule.severity.word, rule.title) for rule in rules]
    return table(columns, rows, style) + style.paint("dim", "\n`terrace rules CODE` prints a rule's page.\n")


def rules_json(rules: Sequence[Rule]) -> str:
    """The same for programs, each with its page in Markdown."""
    said = [
        {"code": rule.code, "severity": rule.severity.word, "title": rule.title, "page": rule.page} for rule in rules
    ]
    return json.dumps({"version": 1, "rules": said}, indent=2, ensure_ascii=False) + "\n"


def rule_page(rule: Rule, style: Style = PLAIN) -> str:
    """The rule's page for a terminal."""
    text = re.sub(r"^# .*\n+", "", rule.page)
    text = re.sub(r"\*\*(.+?)\*\*", lambda match: style.paint("strong", match[1]), text)
    head = f"{style.paint(_ROLES[rule.severity], f'{rule.severity.word} {rule.code}')}  {rule.title}"
    return f"{head}\n\n{text}\n"
