"""A report with one of everything, which the tests of all formats share."""

from __future__ import annotations

from terrace.model.findings import Edit, Finding, Fix, Related, Report, RuleInfo, Severity, Suppressed
from terrace.model.source import Location, Span

PRODUCTION = "environments/production/backend.yaml"
DEVELOPMENT = "environments/development/backend.yaml"
SECRETS = "environments/production/backend.secrets.yaml"
ORIGIN = "https://admin.harbour.example"

TEXTS = {
    PRODUCTION: f"""\
# What production sets itself.
server:
  host: 0.0.0.0
database:
  host: db.dev.harbour.internal
  pool_size: "250"
  名前: 日本語の値 # wide characters
\ttab: indented
  origins:
    - https://a.example
    - https://b.example
    - https://c.example

cors: {{origins: ["{ORIGIN}/{"a" * 60}", "*", "{ORIGIN}/{"b" * 60}"]}}
""",
    DEVELOPMENT: "database:\n  host: db.dev.harbour.internal\n  password: hunter2-correct-horse\n",
    SECRETS: "database:\n  password: plain-by-mistake\n",
}

_TEXT = TEXTS[PRODUCTION]
_STAR = _TEXT.splitlines()[13].index('"*"') + 1
_POOL = _TEXT.index('"250"')

LEAK = Finding(
    "LEAK001",
    Severity.ERROR,
    "production takes its database host from development: `db.dev.harbour.internal` is a value that only development "
    "introduces",
    Location(PRODUCTION, Span(5, 9, 5, 32)),
    ("database", "host"),
    "give production a host of its own, or say in the contract that the field does not identify one thing",
    (Related(Location(DEVELOPMENT, Span(2, 9, 2, 32)), "development introduces the value here"),),
    2400,
    ("backend/production/acme", "backend/production/globex", "backend/production/initech"),
)
TYPE = Finding(
    "SCH002",
    Severity.ERROR,
    "`database.pool_size` must be an integer, not text",
    Location(PRODUCTION, Span(6, 14, 6, 19)),
    ("database", "pool_size"),
    affects=1,
    examples=("backend/production",),
    fix=Fix("write it without quotes", (Edit(PRODUCTION, _POOL, _POOL + 5, "250"),)),
)
WIDE = Finding("SCH003", Severity.WARNING, "wide characters", Location(PRODUCTION, Span(7, 7, 7, 12)))
TAB = Finding("SYN004", Severity.WARNING, "a tab", Location(PRODUCTION, Span(8, 2, 8, 5)))
REPEAT = Finding(
    "ENV005", Severity.INFO, "the list repeats what it replaces", Location(PRODUCTION, Span(9, 3, 14, 1)), affects=3
)
FROM_WITHIN = Finding("ENV006", Severity.INFO, "from within a line", Location(PRODUCTION, Span(9, 12, 11, 24)))
CORS = Finding(
    "LEAK013",
    Severity.WARNING,
    "CORS allows every origin",
    Location(PRODUCTION, Span(14, _STAR, 14, _STAR + 3)),
    hint="name the origins",
)
PLAIN_SECRET = Finding(
    "SEC001",
    Severity.ERROR,
    "`database.password` is a secret, and stands in a plain file",
    Location(DEVELOPMENT, Span(3, 13, 3, 34)),
    hint="move it to `environments/development/backend.secrets.yaml`",
    fix=Fix("remove it", (Edit(DEVELOPMENT, 42, 76, ""),)),
)
NOT_ENCRYPTED = Finding("SEC002", Severity.ERROR, "not encrypted", Location(SECRETS, Span(2, 13, 2, 29)))
WHOLE_FILE = Finding("REF001", Severity.WARNING, "nobody takes this file", Location("environments/test/cron.yaml"))

FINDINGS = tuple(
    sorted(
        (LEAK, TYPE, WIDE, TAB, REPEAT, FROM_WITHIN, CORS, PLAIN_SECRET, NOT_ENCRYPTED, WHOLE_FILE),
        key=lambda finding: finding.order,
    )
)
SUPPRESSED = Suppressed(LEAK._replace(code="LEAK007"), "agreed with operations until May")

RULES = {
    rule.code: rule
    for rule in (
        RuleInfo("LEAK001", "development-value", Severity.ERROR, "A development value in production.", "https://a.b/c"),
        RuleInfo("SEC001", "secret-in-plain-file", Severity.ERROR, "A secret in a plain file.", secret=True),
    )
}


def text_of(path: str) -> str | None:
    """The text of a file, as a repository gives it; asking for a secrets file is a mistake of a format."""
    assert ".secrets." not in path
    return TEXTS.get(path)


REPORT = Report(FINDINGS, (SUPPRESSED,), 145, tuple(TEXTS), rules=RULES, texts=text_of)
SECRET_VALUES = ("hunter2", "plain-by-mistake")
