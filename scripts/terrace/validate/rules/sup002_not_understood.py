"""# Suppression that is not understood

A comment that lets a finding stand names no code, or one that does not exist, gives no reason, or ends on no day.

**Why.** It holds back nothing. A reason is asked for because the next person has to know whether it still holds.

**Fix.** Write it as `# terrace: ignore[LEAK010] the proxy runs as a sidecar`, with a last day if there is one:
`# terrace: ignore[LEAK012] until=2027-01-31 the partner moves to TLS in January`
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.validate.registry import by_code
from terrace.validate.rule import Example, Hit, rule
from terrace.validate.suppress import SuppressionView

_LINE = "server:\n  threads: 8  # terrace: "
GOOD = (
    Example({"environments/base/app.yaml": f"{_LINE}ignore[SCH005] until=2099-12-31 one more release needs it\n"}),
    Example(
        {"environments/base/app.yaml": "# terrace: layers are explained in the documentation\nserver:\n  workers: 8\n"}
    ),
)
BAD = (
    Example(
        {"environments/base/app.yaml": f"{_LINE}ignore[SCH005]\n"}, "environments/base/app.yaml:2", also=("SCH005",)
    ),
    Example(
        {"environments/base/app.yaml": f"{_LINE}ignore it is fine\n"}, "environments/base/app.yaml:2", also=("SCH005",)
    ),
    Example(
        {"environments/base/app.yaml": f"{_LINE}disable[SCH005] it is fine\n"},
        "environments/base/app.yaml:2",
        also=("SCH005",),
    ),
    Example(
        {"environments/base/app.yaml": f"{_LINE}ignore[SCH905] it is fine\n"},
        "environments/base/app.yaml:2",
        also=("SCH005",),
    ),
    Example(
        {"environments/base/app.yaml": f"{_LINE}ignore[SCH005] until=tomorrow it is fine\n"},
        "environments/base/app.yaml:2",
        also=("SCH005",),
    ),
)


@rule("SUP002", "suppression that is not understood", on="suppression")
def check(view: SuppressionView) -> Iterator[Hit]:
    """Every suppression that can hold for nothing."""
    mark = view.suppression
    unknown = next((code for code in mark.codes if by_code(code) is None), "")
    fault = mark.fault() or (f"names {unknown}, and there is no such rule" if unknown else "")
    if fault:
        hint = "Write: # terrace: ignore[CODE] and the reason. `terrace rules` lists the codes."
        yield Hit(f"this suppression {fault}", mark.location, mark.entry, hint)
