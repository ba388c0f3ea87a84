"""What people say about a flag, as the scalars of its metadata, and taken back out of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from terrace.model.flag import KINDS, Flag

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LINK = "link."


def metadata_of(flag: Flag) -> dict[str, Any]:
    """What is said about `flag`, as scalars: flagd has no other place for it."""
    about: dict[str, Any] = dict(flag.metadata)
    texts = {
        "owner": flag.owner,
        "description": flag.description,
        "kind": flag.kind if flag.kind != "release" else "",
        "created": flag.created,
        "expires": flag.expires,
        "tags": ",".join(flag.tags),
    }
    about |= {name: text for name, text in texts.items() if text}
    if flag.permanent:
        about["permanent"] = True
    return about | {f"{_LINK}{name}": link for name, link in flag.links.items()}


def written(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """`metadata` as a flag's file says it. What does not have the form that we give it stays metadata as it is."""
    said: dict[str, Any] = {name: value for name, value in metadata.items() if _is_ours(name, value)}
    links = {name.removeprefix(_LINK): said.pop(name) for name in list(said) if name.startswith(_LINK)}
    if "tags" in said:
        said["tags"] = said["tags"].split(",")
    if links:
        said["links"] = links
    others = {name: value for name, value in metadata.items() if not _is_ours(name, value)}
    return {**said, "metadata": others} if others else said


def _is_ours(name: str, value: object) -> bool:
    if name == "permanent":
        return value is True
    if not isinstance(value, str) or not value:
        return name.startswith(_LINK) and len(name) > len(_LINK) and value == ""
    if name == "kind":
        return value in KINDS and value != "release"
    if name in ("created", "expires"):
        return _DAY.fullmatch(value) is not None
    if name == "tags":
        tags = value.split(",")
        return all(tags) and len(set(tags)) == len(tags)
    return name in ("owner", "description") or (name.startswith(_LINK) and len(name) > len(_LINK))
