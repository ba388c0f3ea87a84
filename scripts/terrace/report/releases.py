"""Releases and holds, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from terrace.model.release import BundleRef, Hold, Release
from terrace.report.formats.json import dump
from terrace.report.records import bundle_record, hold_record
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
                "bundles": [bundle_record(bundle) for bundle in release.bundles],
            }
            for release in releases
        ],
        "current": [bundle_record(bundle) for bundle in current.values()],
        "holds": list(map(hold_record, holds)),
    }
    return dump(said)


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


def holds_json(holds: Sequence[Hold]) -> str:
    """The holds that stand for programs, the oldest first.

    `holds`: a list of `name`, `service`, `reason`, `actor`, `time`, and `leaves`: each with its `pointer` (empty for a
    whole slice) and the `tenants` it is held for ("" is no tenant).
    """
    return dump({"version": 1, "holds": list(map(_hold, holds))})


def lifted_json(hold: Hold) -> str:
    """`lifted`: the hold that was taken away, as `holds_json` tells it."""
    return dump({"version": 1, "lifted": _hold(hold)})


def unlocked_json(owner: str) -> str:
    """`unlocked`: the deployer whose lock is gone, as `host:pid`."""
    return dump({"version": 1, "unlocked": owner})


def _hold(hold: Hold) -> dict[str, object]:
    leaves = [{"pointer": leaf.pointer, "tenants": list(leaf.tenants)} for leaf in hold.leaves]
    return {**hold_record(hold), "leaves": leaves}


def _row(release: Release, bundle: BundleRef, now: str) -> tuple[str, ...]:
    time = release.time.replace("T", " ").removesuffix("Z")[:16]
    commit = release.commit[:8] + ("+" if release.dirty else "")
    return now, str(release.number), time, release.action, bundle.service, _short(bundle.digest), commit, release.actor


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
