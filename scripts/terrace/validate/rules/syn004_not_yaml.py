"""# Not YAML

A file cannot be read as YAML, or readers of YAML disagree about what it says: a bracket or a quote that is never
closed, a line that is not indented as the others of its map, a tab that indents.

**Why.** Nothing of such a file can be trusted. Other files are still read and judged, but what this one would have
set is not known, so targets that it belongs to are not asked what they lack.

**Fix.** Correct the place that the finding names. Most often a text that holds `: ` or ` #`, or begins with a sign,
wants quotes.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (
    Example({"environments/base/app.yaml": "branding:\n  labels:\n    motto: 'Eat: well'\n"}),
    Example({"environments/base/app.yaml": "branding:\n  labels:\n    motto: |\n      Eat: well\n"}),
)
BAD = (
    Example({"environments/base/app.yaml": "cors:\n  origins: [https://a.internal\n"}, "environments/base/app.yaml:2"),
    Example({"environments/base/app.yaml": "server:\n\tworkers: 8\n"}, "environments/base/app.yaml:2"),
    Example({"environments/production/app.yaml": "server: public: url\n"}, "environments/production/app.yaml:1"),
)


@rule("SYN004", "not YAML", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
