"""# Service without a contract

A service is let in with `contract = "none"`: its files are read as YAML, and nothing else of them is checked.

**Why.** It lets services come in one at a time. Until the contract is written, a misspelt key, a wrong type and a
development address in production all pass.

**Fix.** Write `schemas/<service>.py`, or give the JSON Schema that the service has as `schemas/<service>.schema.json`.
Run `terrace schemas`, and remove the service from `[tool.terrace.services]` in `pyproject.toml`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.entities import Repository
from terrace.model.findings import Severity
from terrace.model.source import Location
from terrace.validate.rule import Example, Hit, rule

GOOD = (
    Example({"pyproject.toml": '[tool.terrace.services.app]\ncontract = "pydantic"\n'}),
    Example({"pyproject.toml": '[tool.terrace]\nname = "No services at all"\n'}),
)
BAD = (
    Example(
        {
            "pyproject.toml": '[tool.terrace.services.legacy]\ncontract = "none"\n',
            "environments/base/legacy.yaml": "anything: goes\n",
            "environments/staging/legacy.yaml": "anything: goes\n",
        },
        "environments/base/legacy.yaml",
    ),
    Example({"pyproject.toml": '[tool.terrace.services.legacy]\ncontract = "none"\n'}, "pyproject.toml"),
)


@rule("SCH009", "service without a contract", on="repository", severity=Severity.WARNING)
def check(repository: Repository) -> Iterator[Hit]:
    """Every service that is let in without a contract, at the first of its files."""
    for service in sorted(repository.uncontracted - repository.contracts.keys()):
        first = next((path for path in repository.files.paths if path.endswith(f"/{service}.yaml")), "pyproject.toml")
        message = f"service '{service}' has no contract: of its files only the YAML is checked"
        yield Hit(message, Location(first), hint=f"Write schemas/{service}.py, and run: terrace schemas")
