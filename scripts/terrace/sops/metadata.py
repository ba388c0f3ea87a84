"""What SOPS notes in a file about the file: recipients, the rule of encryption, the time, the MAC."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from terrace.sops import selectors
from terrace.sops.scalars import UntypableError, rfc3339, typed
from terrace.sops.selectors import Selector
from terrace.yamlio.untyped import MappingNode, ScalarNode, SequenceNode, span

if TYPE_CHECKING:
    from collections.abc import Callable

    from terrace.model.source import Span
    from terrace.yamlio.untyped import Node

KEY = "sops"
"""The top-level key that holds the metadata; below the top level it is a key like any other."""
VERSION = "3.9.4"
VERSION_OF_TIMESTAMPS = "3.10.2"
# What names a key of each other type to a person.
_OTHERS = {
    "pgp": "fp",
    "kms": "arn",
    "gcp_kms": "resource_id",
    "azure_kv": "name",
    "hc_vault": "key_name",
    "hckms": "key_id",
}
_SEMVER = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_FRACTION = re.compile(r"\.[0-9]+")


class Stanza(NamedTuple):
    """The data key, encrypted for one age recipient. `recipient` is what the file says, and proves nothing."""

    recipient: str
    enc: str
    span: Span


class Group(NamedTuple):
    """Keys of which any one is enough; `others` are those that are not age, as `pgp 85D7...`."""

    age: tuple[Stanza, ...]
    others: tuple[str, ...]


class Metadata(NamedTuple):
    """The metadata of a file. `lastmodified` is canonical, for the MAC; `mac` is still encrypted.

    With more than one group, `threshold` of them are needed (Shamir).
    """

    version: str
    lastmodified: str
    mac: str
    selector: Selector
    mac_only_encrypted: bool
    groups: tuple[Group, ...]
    threshold: int

    @property
    def recipients(self) -> tuple[str, ...]:
        """The age recipients that the file names, in its order."""
        return tuple(stanza.recipient for group in self.groups for stanza in group.age)

    @property
    def others(self) -> tuple[str, ...]:
        """The keys that are not age."""
        return tuple(other for group in self.groups for other in group.others)


def read(node: MappingNode, complain: Callable[[str, Node], None]) -> Metadata:
    """The metadata in `node`; `complain` is called with everything that is wrong with them, and its node."""
    fields = entries(node, complain)
    version = _version(node, fields, complain)
    groups = _groups(node, fields, complain)
    mac = _text(fields.get("mac"), complain)
    if not mac:
        complain("the file has no MAC: nobody can tell whether it was changed", fields.get("mac", node))
    threshold = _text(fields.get("shamir_threshold"), complain, "int")
    return Metadata(
        version,
        _lastmodified(node, fields, complain),
        mac,
        _selector(fields, complain),
        _text(fields.get("mac_only_encrypted"), complain, "bool") == "True",
        groups,
        max(2, int(threshold or 0)) if len(groups) > 1 else 1,
    )


def entries(node: MappingNode, complain: Callable[[str, Node], None]) -> dict[str, Node]:
    """The entries of a mapping in the metadata."""
    found: dict[str, Node] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode) or key.value in found:
            complain("a key in the metadata stands twice, or is not text", key)
        else:
            found[key.value] = value
    return found


def _text(node: Node | None, complain: Callable[[str, Node], None], kind: str = "str") -> str:
    """The text of a field of the given type; empty where it is missing or null."""
    if node is None:
        return ""
    try:
        found = typed(node) if isinstance(node, ScalarNode) else None
    except UntypableError:
        found = None
    if found is not None and found.kind == "null":
        return ""
    if found is None or found.kind != kind:
        complain(f"this field of the metadata must be {_KINDS[kind]}", node)
        return ""
    return str(found.text)


_KINDS = {"str": "text (in quotes, if it looks like something else)", "int": "a whole number", "bool": "true or false"}


_NEWEST = 3
"""The major version of SOPS whose files are understood."""


def _version(node: MappingNode, fields: dict[str, Node], complain: Callable[[str, Node], None]) -> str:
    version = _text(fields.get("version"), complain)
    if not version.startswith("1.") and not _SEMVER.fullmatch(version):
        complain("the metadata name no version of SOPS in full (such as 3.9.4)", fields.get("version", node))
    elif int(version.partition(".")[0]) > _NEWEST:
        # What a file of a later one means by the same words is not known.
        complain(
            f"SOPS {version} made it, and the format of SOPS {_NEWEST} is the newest known here", fields["version"]
        )
    return version


def _lastmodified(node: MappingNode, fields: dict[str, Node], complain: Callable[[str, Node], None]) -> str:
    found = fields.get("lastmodified")
    # Up to 3.12 SOPS takes it without quotes too, and the MAC covers its value.
    text = found.value if isinstance(found, ScalarNode) else ""
    canonical = rfc3339(text)
    if canonical is None:
        complain("lastmodified is missing or no point in time", found or node)
        return ""
    return _FRACTION.sub("", canonical)


def _selector(fields: dict[str, Node], complain: Callable[[str, Node], None]) -> Selector:
    found = [
        Selector(kind, text) for kind in selectors.KINDS if kind in fields and (text := _text(fields[kind], complain))
    ]
    if len(found) > 1:
        complain("there is more than one rule of what is encrypted", fields[found[1].kind])
    return found[0] if found else selectors.DEFAULT


def _groups(node: MappingNode, fields: dict[str, Node], complain: Callable[[str, Node], None]) -> tuple[Group, ...]:
    grouped = fields.get("key_groups")
    groups: list[Group] = []
    if isinstance(grouped, SequenceNode) and grouped.value:
        for part in grouped.value:
            if isinstance(part, MappingNode):
                groups.append(_group(entries(part, complain), complain))
            else:
                complain("a key group must be a map", part)
    else:
        groups.append(_group(fields, complain))
    if not any(group.age or group.others for group in groups):
        complain("the file names no keys: nobody can open it", node)
    return tuple(groups)


def _group(fields: dict[str, Node], complain: Callable[[str, Node], None]) -> Group:
    age = []
    for part in _list(fields.get("age"), complain):
        inner = entries(part, complain)
        enc = _text(inner.get("enc"), complain)
        if enc:
            age.append(Stanza(_text(inner.get("recipient"), complain), enc, span(part)))
        else:
            complain("this recipient has no encrypted data key", part)
    others = [
        f"{kind} {_text(entries(part, complain).get(name), complain)}".strip()
        for kind, name in _OTHERS.items()
        if kind in fields
        for part in _list(fields.get(kind), complain)
    ]
    return Group(tuple(age), tuple(others))


def _list(node: Node | None, complain: Callable[[str, Node], None]) -> list[MappingNode]:
    if node is None or (isinstance(node, ScalarNode) and not node.style and node.value in ("", "~", "null")):
        return []
    if not isinstance(node, SequenceNode):
        complain("a list of keys is expected here", node)
        return []
    for part in node.value:
        if not isinstance(part, MappingNode):
            complain("a key must be a map", part)
    return [part for part in node.value if isinstance(part, MappingNode)]
