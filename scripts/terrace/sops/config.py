"""`.sops.yaml`: who can open a new file, and what is encrypted in it, by its path."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from terrace.sops import selectors
from terrace.sops.errors import DamagedError
from terrace.sops.scalars import UntypableError, Value, typed, value_of
from terrace.sops.selectors import Selector
from terrace.yamlio.untyped import MappingNode, Node, ScalarNode, SequenceNode, UnreadableError, documents, span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from terrace.model.source import Span

NAME = ".sops.yaml"
_OTHERS = ("pgp", "kms", "gcp_kms", "azure_keyvault", "hc_vault_transit_uri")
_LEVELS = 100

Plain = Value | list["Plain"] | dict[str, "Plain"]


class Rule(NamedTuple):
    """One creation rule. `others` are the kinds of its keys that are not age; `groups` counts its key groups, if any.

    `as_list`: its recipients are a YAML list, for which SOPS before 3.11 refuses the whole file.
    """

    path_regex: str
    recipients: tuple[str, ...]
    others: tuple[str, ...]
    groups: int
    selector: Selector
    mac_only_encrypted: bool
    as_list: bool
    span: Span


def find(folder: Path) -> Path | None:
    """The nearest `.sops.yaml` in a folder or above it, as SOPS looks for it from the folder it is started in."""
    for place in (folder, *folder.parents)[:_LEVELS]:
        if (place / NAME).is_file():
            return place / NAME
    return None


def read(text: str, *, name: str = NAME) -> tuple[Rule, ...]:
    """The creation rules, in their order. Raises DamagedError where SOPS would not take the file."""
    try:
        roots = documents(text)
    except UnreadableError as error:
        raise DamagedError(error.message, file=name, span=error.span, hint=error.hint) from None
    root = roots[0] if roots else None
    if not isinstance(root, MappingNode):
        raise DamagedError("the file must be a map", file=name)
    rules = next((value for key, value in root.value if key.value == "creation_rules"), None)
    if not isinstance(rules, SequenceNode):
        return ()
    return tuple(_rule(node, name) for node in rules.value)


def rule_for(rules: Sequence[Rule], path: str) -> Rule | None:
    """The first rule for a file, by its path relative to the config file's folder (absolute, outside of it)."""
    for rule in rules:
        search = selectors.compiled(rule.path_regex)
        if search is None:
            raise DamagedError(f"path_regex is not valid RE2: {rule.path_regex}", file=NAME, span=rule.span)
        if search(path):
            return rule
    return None


def _rule(node: Node, name: str) -> Rule:
    plain = _plain(node, name)
    if not isinstance(plain, dict):
        raise DamagedError("a creation rule must be a map", file=name, span=span(node))
    chosen = [Selector(kind, str(plain[kind])) for kind in selectors.KINDS if plain.get(kind)]
    if len(chosen) > 1:
        raise DamagedError("a rule has more than one selector", file=name, span=span(node))
    grouped = plain.get("key_groups")
    groups = [group for group in grouped if isinstance(group, dict)] if isinstance(grouped, list) else []
    named = groups or [plain]
    return Rule(
        str(plain.get("path_regex") or ""),
        tuple(recipient for group in named for recipient in _recipients(group.get("age"))),
        tuple(kind for kind in (*_OTHERS, "hc_vault") if any(group.get(kind) for group in named)),
        len(groups),
        chosen[0] if chosen else selectors.DEFAULT,
        plain.get("mac_only_encrypted") is True,
        isinstance(plain.get("age"), list) and not groups,
        span(node),
    )


def _recipients(age: Plain) -> list[str]:
    lists = age if isinstance(age, list) else [age or ""]
    return [text for commas in lists for part in str(commas).split(",") if (text := part.strip())]


def _plain(node: Node, name: str) -> Plain:
    if isinstance(node, MappingNode):
        return {str(key.value): _plain(value, name) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [_plain(value, name) for value in node.value]
    assert isinstance(node, ScalarNode)
    try:
        return value_of(typed(node))
    except UntypableError as error:
        raise DamagedError(str(error), file=name, span=span(node)) from None
