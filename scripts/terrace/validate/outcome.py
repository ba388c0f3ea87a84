"""What was found, as a report: findings counted over their targets, sorted, the suppressed ones apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from terrace import load
from terrace.model.findings import Finding, Report, RuleInfo, Severity, Suppressed
from terrace.source import Source, Unreadable
from terrace.validate.found import Found, merge


def report(tree: load.Tree, found: Iterable[Found], targets: int, fail_on: Severity) -> Report:
    """The report on a run over `tree` that looked at so many targets."""
    paths = (entry.path for entries in (tree.shared, *tree.tenants.values(), tree.flags) for entry in entries)
    standing, suppressed = _parted(found)
    return Report(
        standing,
        suppressed,
        targets=targets,
        files=tuple(path for path in paths if path.endswith((".yaml", ".yml"))),
        fail_on=fail_on,
        rules=_rule_infos() if standing or suppressed else {},
        texts=_texts(tree.source),
    )


def with_keyed(report: Report, found: Iterable[Found]) -> Report:
    """The report with what was found in opened secrets too."""
    standing, suppressed = _parted(found)
    return report._replace(
        findings=tuple(sorted((*report.findings, *standing), key=lambda finding: finding.order)),
        suppressed=tuple(sorted((*report.suppressed, *suppressed), key=lambda item: item.finding.order)),
        rules=_rule_infos(keyed=True) if report.rules or standing or suppressed else {},
    )


def _parted(found: Iterable[Found]) -> tuple[tuple[Finding, ...], tuple[Suppressed, ...]]:
    """The findings that stand, and those that somebody lets stand, each in the order of reports."""
    standing: list[Finding] = []
    suppressed: list[Suppressed] = []
    for item in merge(found):
        finding = _counted(item)
        if item.suppressed:
            suppressed.append(Suppressed(finding, item.suppressed))
        else:
            standing.append(finding)
    standing.sort(key=lambda finding: finding.order)
    suppressed.sort(key=lambda item: item.finding.order)
    return tuple(standing), tuple(suppressed)


def _counted(item: Found) -> Finding:
    """The finding with the number of targets it reaches, and three of them: production's first."""
    examples = sorted(item.targets, key=lambda target: ("production" not in target, target))[:3]
    return item.finding._replace(affects=len(item.targets), examples=tuple(examples))


def _rule_infos(*, keyed: bool = False) -> dict[str, RuleInfo]:
    from terrace.validate.registry import every_rule, rules

    return {
        rule.code: RuleInfo(rule.code, rule.title, rule.severity, rule.summary, secret=rule.code.startswith("SEC"))
        for rule in (every_rule() if keyed else rules())
    }


def _texts(source: Source) -> Callable[[str], str | None]:
    """A file's text by its path, for the source lines of a report."""

    def text(path: str) -> str | None:
        entries = [entry for entry in source.entries(load.parent_of(path)) if entry.path == path]
        for data in source.read(entries):
            return None if isinstance(data, Unreadable) else data.decode("utf-8", errors="replace")
        return None

    return text
