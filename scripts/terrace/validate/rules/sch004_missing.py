"""# Required value missing

The contract requires a value that no layer of a target sets, and there is no default.

**Why.** The application would not start. It is better to hear it here than from the application.

**Fix.** Set the value in the file that the finding names: the target's own environment. If all environments share it,
set it in `environments/base/` instead. Where a `null` took it away, the finding names that line: remove the `null`, or
set the value there.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.rule import Example, Hit, SchemaProblem, rule

GOOD = (
    Example(
        {
            "environments/staging/app.yaml": "server:\n  public_url: https://s.harbourkitchen.com\ndatabase:\n  host: d.internal\n"
        }
    ),
)
BAD = (
    Example(
        {"environments/staging/app.yaml": "server:\n  public_url: https://staging.harbourkitchen.com\n"},
        "environments/staging/app.yaml:1",
        "database.host",
    ),
    Example(
        {
            "environments/staging/app.yaml": "server:\n  public_url: https://staging.harbourkitchen.com\n",
            "environments/staging/shared.yaml": "database: null\n",
        },
        "environments/staging/shared.yaml:1",
        "database.host",
    ),
    Example(
        {"tenants/acme/app.yaml": "database: null\n"},
        "tenants/acme/app.yaml:1",
        "database.host",
        also=("SEC005", "TEN001"),
    ),
    Example(
        {"environments/staging/environment.yaml": "protected: false\n"},
        "environments/staging/environment.yaml:1",
        "kind",
    ),
)


@rule("SCH004", "required value missing", on="schema")
def check(problem: SchemaProblem) -> Iterator[Hit]:
    """Every value that is required and set nowhere."""
    if problem.keyword != "required":
        return
    pointer = (*problem.pointer, problem.name)
    inside = problem.field is not None and ("*" in problem.field.pointer or 0 in problem.field.pointer)
    environment = "" if problem.target is None or inside else problem.target.environment.name
    # A line that all environments share is one mistake, not one in each of them.
    where = f" in {environment}" if environment and f"/{environment}/" in problem.location.path else ""
    yield Hit(
        f"{dotted(pointer)} is required and not set{where}",
        problem.location,
        pointer,
        f"Set {dotted(pointer)} here.",
    )
