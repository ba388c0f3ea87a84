"""Who a new secrets file is encrypted for: what `.sops.yaml` says of its path."""

from __future__ import annotations

from pathlib import Path

from terrace.errors import RefusedError
from terrace.sops import config


def recipients_of(root: Path, path: str) -> tuple[str, ...]:
    """The public keys that a new file at `path` must be encrypted for. Raises where nobody says."""
    found = config.find(root.resolve())
    if found is None:
        raise RefusedError(
            f"nothing says who may open {path}: there is no .sops.yaml",
            hint="List the recipients of each environment in .sops.yaml, at the repository's top.",
        )
    relative = (root.resolve() / path).relative_to(found.parent).as_posix()
    rule = config.rule_for(config.read(found.read_text(encoding="utf-8")), relative)
    if rule is None or not rule.recipients:
        raise RefusedError(f"nothing says who may open {path}: no rule of .sops.yaml is for it")
    if rule.others or rule.groups > 1:
        raise RefusedError(
            f"{path} is to be encrypted with other keys than age's",
            hint=f"The sops program does that: sops edit {path}",
        )
    return rule.recipients
