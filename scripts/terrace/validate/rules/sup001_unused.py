"""# Suppression that holds back nothing

A comment lets a finding stand that is not there.

**Why.** Either the mistake was mended and the comment forgotten, and it will hide the next one in its line; or it stands
in the wrong line, and hides nothing.

**Fix.** Delete it; `terrace fix` does. A comment holds for its own line, or, alone on a line, for the next one.

**Exceptions.** A code that only shows itself with keys (SEC040 and above) is missed only by `terrace secrets check`, where it opened the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Edit, Fix, Severity
from terrace.validate.fixes import removal
from terrace.validate.registry import by_code
from terrace.validate.rule import Example, Hit, rule
from terrace.validate.suppress import Suppression, SuppressionView

GOOD = (
    Example(
        {"environments/base/app.yaml": "server:\n  threads: 8  # terrace: ignore[SCH005] until the next release\n"}
    ),
    Example(
        {"environments/base/app.yaml": "server:\n  # terrace: ignore[SCH005] until the next release\n  threads: 8\n"}
    ),
    Example(
        {
            "environments/staging/environment.yaml": "kind: staging\nsuppress:\n  - code: SEC045\n    file: app.secrets.yaml\n    reason: the partner gave it to us\n"
        }
    ),
)
BAD = (
    Example(
        {"environments/base/app.yaml": "server:\n  workers: 8  # terrace: ignore[SCH005] until the next release\n"},
        "environments/base/app.yaml:2",
    ),
    Example(
        {
            "environments/staging/environment.yaml": "kind: staging\nsuppress:\n  - code: SEC004\n    file: app.secrets.yaml\n    reason: a test key that opens nothing\n"
        },
        "environments/staging/environment.yaml:3",
        "suppress[0]",
    ),
)


@rule("SUP001", "suppression that holds back nothing", on="suppression", severity=Severity.WARNING)
def check(view: SuppressionView) -> Iterator[Hit]:
    """Every well-written suppression with a code that nothing answered to."""
    mark = view.suppression
    answered = {*view.used, *view.refused, *view.unasked}
    unused = [code for code in mark.codes if code not in answered]
    if not unused or mark.fault() or any(by_code(code) is None for code in mark.codes):
        return
    where = "in its line" if mark.entry is None else f"in {mark.file}"
    message = f"there is no {' or '.join(unused)} {where} to let stand"
    fix = _removal(mark) if len(unused) == len(mark.codes) else None
    yield Hit(message, mark.location, mark.entry, "Delete it.", fix=fix)


def _removal(mark: Suppression) -> Fix | None:
    if mark.entry is not None:
        alone = len(mark.document.value["suppress"]) == 1
        return removal(mark.document, mark.entry[:1]) if alone else None
    return Fix("Remove the comment", (Edit(mark.document.path, mark.start, mark.end, ""),))
