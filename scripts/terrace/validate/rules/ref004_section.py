"""# Section that no service takes

A `shared.yaml` or `shared.secrets.yaml` has a section that stands in no service's contract.

**Why.** A shared section reaches exactly the services whose contract declares it. One that nobody declares reaches
nobody: a misspelt section changes nothing anywhere.

**Fix.** Correct the name (the finding suggests the closest one), add the section to a contract, or delete it.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.closest import closest
from terrace.validate.rule import Example, FilesView, Hit, rule

GOOD = (Example({"environments/base/shared.yaml": "logging:\n  level: info\n"}),)
BAD = (
    Example({"environments/base/shared.yaml": "loging:\n  level: info\n"}, "environments/base/shared.yaml:1", "loging"),
    Example(
        {"tenants/acme/staging/shared.yaml": "logging:\n  level: error\ncolours:\n  primary: red\n"},
        "tenants/acme/staging/shared.yaml:3",
        "colours",
    ),
)


@rule("REF004", "section that no service takes", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every section of a shared file that is in no contract."""
    known = {section for contract in view.repository.contracts.values() for section in contract.sections}
    for file in (*view.plain, *view.sealed):
        if file.service != "shared" or file.kind == "stray":
            continue
        for section in file.document.value.keys() - known - {"sops"}:
            close = closest(section, known)
            hint = f"Did you mean '{close}'?" if close else "Add it to a service's contract, or delete it."
            location = file.document.at((section,), key=True)
            yield Hit(f"no service takes the section '{section}'", location, (section,), hint)
