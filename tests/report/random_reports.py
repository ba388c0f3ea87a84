"""Reports that no program would make: every format must render them all the same."""

from __future__ import annotations

from hypothesis import strategies as st

from terrace.model.findings import Edit, Finding, Fix, Related, Report, RuleInfo, Severity, Suppressed
from terrace.model.source import Location, Span

# Everything a string can hold, and more often what formats stumble over.
WORDS = st.one_of(
    st.text(st.characters(codec=None), max_size=12),
    st.text(st.sampled_from("a:,%\r\n\t`<&\"'\x00\x1b\u200b\u0301\u2028\ud800\udc80\ufffe日🙂 /~#"), max_size=20),
)
PATHS = st.one_of(st.sampled_from(["a.yaml", "empty.yaml", "gone.yaml", "x.secrets.yaml", "d/é 100%.yaml"]), WORDS)
NUMBERS = st.one_of(st.integers(1, 6), st.integers(1, 60), st.sampled_from([0, 1000, 10**9]))
SPANS = st.builds(Span, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
LOCATIONS = st.builds(Location, PATHS, st.none() | SPANS)
EDITS = st.builds(Edit, PATHS, st.integers(-1, 30), st.integers(-1, 30), WORDS)
FIXES = st.builds(Fix, WORDS, st.lists(EDITS, max_size=3).map(tuple))
FINDINGS = st.builds(
    Finding,
    code=st.sampled_from(["SCH001", "SEC001", "LEAK002"]) | WORDS,
    severity=st.sampled_from(Severity),
    message=WORDS,
    location=LOCATIONS,
    pointer=st.none() | st.lists(st.one_of(st.integers(0, 3), WORDS), max_size=3).map(tuple),
    hint=WORDS,
    related=st.lists(st.builds(Related, LOCATIONS, WORDS), max_size=2).map(tuple),
    affects=st.integers(0, 3000),
    examples=st.lists(WORDS, max_size=3).map(tuple),
    fix=st.none() | FIXES,
)
TEXTS = st.dictionaries(PATHS, WORDS.map(lambda text: text * 4), max_size=4).map(
    lambda texts: {**texts, "empty.yaml": ""}
)


def _report(findings: list[Finding], suppressed: list[Suppressed], texts: dict[str, str], prefix: str) -> Report:
    rules = {"SEC001": RuleInfo("SEC001", "plain-secret", Severity.ERROR, "", secret=True)}
    ordered = tuple(sorted(findings, key=lambda finding: finding.order))
    return Report(ordered, tuple(suppressed), 1, tuple(texts), rules=rules, texts=texts.get, prefix=prefix)


REPORTS = st.builds(
    _report,
    st.lists(FINDINGS, max_size=5),
    st.lists(st.builds(Suppressed, FINDINGS, WORDS), max_size=2),
    TEXTS,
    st.sampled_from(["", "deploy/config/"]),
)
