"""SARIF 2.1.0, which code scanning and editors read."""

from __future__ import annotations

from typing import Any

from terrace import __version__
from terrace.model.findings import Edit, Finding, Fix, Related, Report, RuleInfo, Severity
from terrace.model.source import Location, Span, json_pointer
from terrace.report.fingerprint import Fingerprints
from terrace.report.formats.json import dump
from terrace.report.source import Sources
from terrace.report.style import PLAIN, Style
from terrace.report.words import affected

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_ROOT = "%SRCROOT%"


def render(report: Report, style: Style = PLAIN) -> str:
    """One SARIF log with one run: the rules, and every finding, also the suppressed ones."""
    rules = _rules(report)
    indexes = {rule.code: index for index, rule in enumerate(rules)}
    sources = Sources(report)
    fingerprints = Fingerprints(sources)
    every: list[tuple[Finding, str | None]] = [(finding, None) for finding in report.findings]
    every += [(suppressed.finding, suppressed.reason) for suppressed in report.suppressed]
    results = []
    for finding, reason in every:
        result = _result(finding, indexes[finding.code], report.prefix, sources.fix(finding))
        result["partialFingerprints"] = {"primaryLocationLineHash": fingerprints.of(finding)}
        result["suppressions"] = [] if reason is None else [{"kind": "inSource", "justification": reason}]
        results.append(result)
    return dump({"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(rules, results)]})


def _run(rules: list[RuleInfo], results: list[dict[str, Any]]) -> dict[str, Any]:
    driver = {"name": "Terrace", "semanticVersion": __version__, "rules": [_rule(rule) for rule in rules]}
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": "terrace/validate/"},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the Git repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }


def _rules(report: Report) -> list[RuleInfo]:
    """Every rule, and a stand-in for a code that no rule is known for."""
    every = (*report.findings, *(suppressed.finding for suppressed in report.suppressed))
    known = dict(report.rules)
    for finding in every:
        known.setdefault(finding.code, RuleInfo(finding.code, finding.code, finding.severity, finding.code))
    return [known[code] for code in sorted(known)]


def _rule(rule: RuleInfo) -> dict[str, Any]:
    summary = rule.summary or rule.name
    described: dict[str, Any] = {
        "id": rule.code,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": {"text": f"{summary}\n\n`terrace rules {rule.code}` prints the whole page."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.code.rstrip("0123456789") or "terrace"]},
    }
    # The specification wants no name rather than one that repeats the id.
    if _pascal(rule.name) != rule.code:
        described["name"] = _pascal(rule.name)
    if rule.url.startswith(("https://", "http://")):
        described["helpUri"] = rule.url
    return described


def _result(finding: Finding, index: int, prefix: str, fix: Fix | None) -> dict[str, Any]:
    place: dict[str, Any] = {"physicalLocation": _physical(finding.location, prefix)}
    if finding.pointer is not None:
        place["logicalLocations"] = [{"fullyQualifiedName": json_pointer(finding.pointer), "kind": "value"}]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [place],
    }
    if finding.related:
        result["relatedLocations"] = [_related(number, it, prefix) for number, it in enumerate(finding.related, 1)]
    if fix is not None and fix.edits:
        result["fixes"] = [_fix(fix, prefix)]
    if finding.affects:
        result["properties"] = {"affects": finding.affects, "examples": list(finding.examples)}
    return result


def _message(finding: Finding) -> str:
    reach = affected(finding) if finding.affects else ""
    return "\n\n".join(part for part in (finding.message, finding.hint, reach) if part)


def _related(number: int, related: Related, prefix: str) -> dict[str, Any]:
    place = _physical(related.location, prefix)
    return {"id": number, "physicalLocation": place, "message": {"text": related.message}}


def _fix(fix: Fix, prefix: str) -> dict[str, Any]:
    paths = dict.fromkeys(edit.path for edit in fix.edits)
    changes = [
        {
            "artifactLocation": _artifact(path, prefix),
            "replacements": [_replacement(edit) for edit in fix.edits if edit.path == path],
        }
        for path in paths
    ]
    return {"description": {"text": fix.title}, "artifactChanges": changes}


def _replacement(edit: Edit) -> dict[str, Any]:
    region = {"charOffset": edit.start, "charLength": edit.end - edit.start}
    return {"deletedRegion": region, "insertedContent": {"text": edit.new}}


def _physical(location: Location, prefix: str) -> dict[str, Any]:
    # Code scanning shows nothing without a region: a finding about a whole file stands at its start.
    line, column, end_line, end_column = (max(1, number) for number in location.span or Span(1, 1, 1, 1))
    end = (end_line, end_column) if (end_line, end_column) > (line, column) else (line, column)
    region = {"startLine": line, "startColumn": column, "endLine": end[0], "endColumn": end[1]}
    return {"artifactLocation": _artifact(location.path, prefix), "region": region}


def _artifact(path: str, prefix: str) -> dict[str, str]:
    return {"uri": uri(prefix + path), "uriBaseId": _ROOT}


def uri(path: str) -> str:
    """`path` as a relative URI reference: percent-encoded, from the very bytes of its name."""
    from urllib.parse import quote

    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = path.encode("utf-8", "surrogatepass")
    return quote(raw, safe="/")


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.replace("_", "-").split("-"))
