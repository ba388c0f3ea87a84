"""The pages of rules and commands, made while the site is built: each rule's own text, each command's own help.

A new rule or command is one file in the program; what the site says of it follows from that.
"""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from functools import partial
from itertools import groupby

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from terrace.cli import commands, parser_of, summary
from terrace.validate.registry import every_rule
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
    "SUP": "Suppressions",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The navigation with the rules at its end, family by family."""
    section: list[object] = [{"All rules": "rules/index.md"}]
    for name, members in _families():
        section.append({name: [{f"{rule.code} {rule.title}": _page(rule)} for rule in members]})
    config.nav = [*(config.nav or []), {"Rules": section}]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """The site's files with a page for each rule, one that lists them, and one for the commands."""
    files.append(File.generated(config, "commands.md", content=commands_page()))
    files.append(File.generated(config, "rules/index.md", content=_index()))
    for rule in every_rule():
        title, _, text = rule.page.removeprefix("# ").partition("\n")
        content = f"# {rule.code} {title}\n\n*{rule.severity.word.capitalize()}*\n{text}"
        files.append(File.generated(config, _page(rule), content=content))
    return files


def commands_page() -> str:
    """What `terrace COMMAND --help` prints, for every command."""
    parts = ["# Commands", "What `terrace COMMAND --help` prints. `-C DIR` may stand before the command, as with Git."]
    for name in commands():
        parser = parser_of(name)
        # The same on every machine: as wide as the page, and plain also where Python has colours for terminals.
        parser.formatter_class = partial(RawDescriptionHelpFormatter, width=100)
        parser.color = False
        parts += [f"## {name}", f"{summary(name)}.", f"```text\n{parser.format_help().strip()}\n```"]
    return "\n\n".join(parts) + "\n"


def _families() -> list[tuple[str, list[Rule]]]:
    """The rules by family, families in the order of `FAMILIES`."""
    order = list(FAMILIES)
    found = sorted(every_rule(), key=lambda rule: (order.index(_family(rule)), rule.code))
    return [(FAMILIES[family], list(members)) for family, members in groupby(found, key=_family)]


def _family(rule: Rule) -> str:
    return rule.code.rstrip("0123456789")


def _page(rule: Rule) -> str:
    return f"rules/{rule.code}.md"


def _index() -> str:
    lines = [
        "# Rules",
        "",
        "What `terrace validate` looks for, and from SEC040 on what `terrace secrets check` does with a key at hand.",
        "A code is never used again for something else; `terrace rules CODE` prints the same page in a terminal.",
        "",
    ]
    for name, members in _families():
        lines += [f"## {name}", "", "| Code | Rule | Severity |", "|---|---|---|"]
        lines += [f"| [{rule.code}]({rule.code}.md) | {rule.title} | {rule.severity.word} |" for rule in members]
        lines.append("")
    return "\n".join(lines)
