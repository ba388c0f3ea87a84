"""Releases, rollbacks and holds, for people; releases for programs too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from terrace.deploy import RollbackResult, ServiceRollback
from terrace.model.release import BundleRef, Hold, Release
from terrace.model.source import dotted
from terrace.report.style import PLAIN, Style
from terrace.report.table import Column, table
from terrace.report.words import count

_SHOWN = 20
_COLUMNS = (
    Column(whole=True),
    Column("release", right=True, whole=True, role="strong"),
    Column("time", whole=True),
    Column("action", whole=True),
    Column("service", whole=True),
    Column("digest", whole=True, role="dim"),
    Column("commit", whole=True, role="dim"),
    Column("by", role="dim"),
)


def releases_text(
    releases: Sequence[Release], current: Mapping[str, BundleRef], holds: Sequence[Hold], style: Style = PLAIN
) -> str:
    """A line for each bundle of each release, the newest first."""
    rows = []
    for release in reversed(releases[-_SHOWN:]):
        for bundle in release.bundles:
            runs = current.get(bundle.service)
            now = "*" if runs is not None and runs.digest == bundle.digest else ""
            rows.append(_row(release, bundle, now))
            if now:
                current = {service: ref for service, ref in current.items() if service != bundle.service}
    more = f"\n{count(len(releases) - _SHOWN, 'older release')} not shown\n" if len(releases) > _SHOWN else ""
    held = "\n" + holds_text(holds, style) if holds else ""
    return (
        (table(_COLUMNS, rows, style) + style.paint("dim", "\n* runs now\n") if rows else "No release yet.\n")
        + more
        + held
    )


def releases_json(releases: Sequence[Release], current: Mapping[str, BundleRef], holds: Sequence[Hold]) -> str:
    """The same for programs, the oldest release first."""
    said = {
        "version": 1,
        "releases": [
            {
                "number": release.number,
                "time": release.time,
                "action": release.action,
                "actor": release.actor,
                "commit": release.commit,
                "dirty": release.dirty,
                "reason": release.reason,
                "bundles": [_bundle(bundle) for bundle in release.bundles],
            }
            for release in releases
        ],
        "current": [_bundle(bundle) for bundle in current.values()],
        "holds": [
            {"name": hold.name, "service": hold.service, "reason": hold.reason, "actor": hold.actor, "time": hold.time}
            for hold in holds
        ],
    }
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


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


def holds_text(holds: Sequence[Hold], style: Style = PLAIN) -> str:
    """What each hold keeps back, why, and how to be rid of it."""
    if not holds:
        return "Nothing is held back.\n"
    lines = []
    for hold in holds:
        lines.append(f"{style.paint('strong', hold.name)}  {hold.service}, since {hold.time} by {hold.actor}\n")
        lines.append(f"  {hold.reason}\n")
        lines += [
            f"  holds back {leaf.pointer.strip('/').replace('/', '.') or 'a whole tenant'}\n"
            for leaf in hold.leaves[:10]
        ]
        if len(hold.leaves) > 10:
            lines.append(f"  and {count(len(hold.leaves) - 10, 'more leaf', 'more leaves')}\n")
    return "".join(lines)


def _row(release: Release, bundle: BundleRef, now: str) -> tuple[str, ...]:
    time = release.time.replace("T", " ").removesuffix("Z")[:16]
    commit = release.commit[:8] + ("+" if release.dirty else "")
    return now, str(release.number), time, release.action, bundle.service, _short(bundle.digest), commit, release.actor


def _bundle(bundle: BundleRef) -> dict[str, str]:
    return {
        "service": bundle.service,
        "digest": bundle.digest,
        "config": bundle.streams.config,
        "secrets": bundle.streams.secrets,
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
