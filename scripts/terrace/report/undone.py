"""What a rollback did, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.arrival import Arrival
from terrace.deploy.destination import RollbackResult, ServiceRollback
from terrace.model.source import dotted, json_pointer
from terrace.report.arrived import arrived_record
from terrace.report.formats.json import dump
from terrace.report.records import bundle_record, hold_record
from terrace.report.style import PLAIN, Style
from terrace.report.table import Column, table
from terrace.report.words import count


def rollback_text(result: RollbackResult, style: Style = PLAIN) -> str:
    """What was undone, leaf by leaf, what a running process takes by itself, and what is held now."""
    if result.unchanged:
        return "Nothing to take back: this is what runs.\n"
    blocks = [_service(each, style) for each in result.services]
    warnings = "".join(style.paint("warning", f"{warning}\n") for warning in result.warnings)
    restart = (
        "A restart is needed for some of it." if result.needs_restart else "Running processes take all of it live."
    )
    return f"release {result.release.number}\n\n" + "\n".join(blocks) + warnings + f"\n{restart}\n"


def rollback_json(result: RollbackResult, arrivals: Sequence[Arrival] | None = None) -> str:
    """The same for programs.

    `unchanged` says that there was nothing to take back, `release` is the number of the release that runs now, and
    `needs_restart` whether a leaf changed that no running process takes by itself. `services` has for each: `service`;
    the bundles `undone`, `restored` (whose configuration is back) and `now`; `changes`, each a `pointer` (empty for a
    whole slice), the number of `slices` and `live`; `secrets`, the layers whose secrets stay as they are now and differ
    from that release; and `hold`, or null. `warnings` are texts. `arrivals`, with `--wait`, is what processes say.
    """
    waited = {} if arrivals is None else {"arrivals": arrived_record(arrivals)}
    return dump(
        {
            "version": 1,
            "unchanged": result.unchanged,
            "release": result.release.number,
            "needs_restart": result.needs_restart,
            "services": [] if result.unchanged else list(map(_record, result.services)),
            "warnings": list(result.warnings),
            **waited,
        }
    )


def _record(each: ServiceRollback) -> dict[str, object]:
    return {
        "service": each.service,
        "undone": bundle_record(each.undone),
        "restored": bundle_record(each.restored),
        "now": bundle_record(each.now),
        "changes": [
            {"pointer": json_pointer(change.pointer), "slices": change.tenants, "live": change.live}
            for change in each.changes
        ],
        "secrets": list(each.secrets),
        "hold": hold_record(each.hold) if each.hold else None,
    }


def _service(each: ServiceRollback, style: Style) -> str:
    head = f"{style.paint('strong', each.service)}  {_short(each.undone.digest)} -> {_short(each.now.digest)}\n"
    rows = [
        (
            dotted(change.pointer) or "(a whole tenant)",
            count(change.tenants, "slice"),
            "live" if change.live else "restart",
        )
        for change in each.changes
    ]
    lines = table((Column(whole=True), Column(right=True, whole=True), Column(role="dim")), rows, style, indent=2)
    if each.secrets:
        layers = ", ".join(each.secrets)
        lines += (
            f"  {style.paint('warning', f'secrets stay as they are now; they differ from that release: {layers}')}\n"
        )
    if each.hold:
        lines += f"  held as {each.hold.name} until the change is gone from the repository\n"
    return head + lines


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
