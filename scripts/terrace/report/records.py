"""What every JSON report says of a bundle and of a hold, in the same words."""

from __future__ import annotations

from terrace.model.release import BundleRef, Hold


def bundle_record(bundle: BundleRef) -> dict[str, str]:
    """A bundle: its service, its digest, and the digests of its streams."""
    return {
        "service": bundle.service,
        "digest": bundle.digest,
        "config": bundle.streams.config,
        "secrets": bundle.streams.secrets,
    }


def hold_record(hold: Hold) -> dict[str, str]:
    """A hold: its name, whom it concerns, and who made it, when and why."""
    return {"name": hold.name, "service": hold.service, "reason": hold.reason, "actor": hold.actor, "time": hold.time}
