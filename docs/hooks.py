"""The pages of the rules, made while the site is built: each rule's own text, and a list of all of them.

A new rule is one file in the program; its page follows from that.
"""

from __future__ import annotations

from itertools import groupby

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from terrace.validate.registry import rules
from terrace.validate.rule import Rule

FAMILIES = {
    "SYN": "Syntax",
    "SCH": "Contracts and schemas",
    "REF": "References",
    "LEAK": "Development values in production",
    "SEC": "Secrets",
    "ENV": "Environments",
    "TEN": "Tenants",
    "FLG": "Flags",
    "REL": "Releases",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The navigation with the rules at its end, family by family."""
    section: list[object] = [{"All rules": "rules/index.md"}]
    for name, members in _families():
        section.append({name: [{f"{rule.code} {rule.title}": _page(rule)} for rule in members]})
    config.nav = [*(config.nav or []), {"Rules": section}]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """The site's files with a page for each rule and one that lists them."""
    files.append(File.generated(config, "rules/index.md", content=_index()))
    for rule in rules():
        title, _, text = rule.page.removeprefix("# ").partition("\n")
        content = f"# {rule.code} {title}\n\n*{rule.severity.word.capitalize()}*\n{text}"
        files.append(File.generated(config, _page(rule), content=content))
    return files


def _families() -> list[tuple[str, list[Rule]]]:
    """The rules by family, families in the order of `FAMILIES`."""
    order = list(FAMILIES)
    found = sorted(rules(), key=lambda rule: (order.index(_family(rule)), rule.code))
    return [(FAMILIES[family], list(members)) for family, members in groupby(found, key=_family)]


def _family(rule: Rule) -> str:
    return rule.code.rstrip("0123456789")


def _page(rule: Rule) -> str:
    return f"rules/{rule.code}.md"


def _index() -> str:
    lines = [
        "# Rules",
        "",
        "What `terrace validate` looks for. A code is never used again for something else; `terrace rules CODE` prints",
        "the same page in a terminal.",
        "",
    ]
    for name, members in _families():
        lines += [f"## {name}", "", "| Code | Rule | Severity |", "|---|---|---|"]
        lines += [f"| [{rule.code}]({rule.code}.md) | {rule.title} | {rule.severity.word} |" for rule in members]
        lines.append("")
    return "\n".join(lines)
