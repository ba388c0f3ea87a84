"""# Rules for SOPS out of date

`.sops.yaml` is not what `recipients.yaml` and the `recipients` of environments and tenants lead to.

**Why.** By this file the `sops` program decides for whom it encrypts a new file. One that is out of date leaves out somebody
who needs the secret, or lets in somebody who left.

**Fix.** Run `terrace secrets recipients sync`, and commit what it changes. To change who opens what, change the register or
the `recipients`, never this file.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.recipients import FILE as REGISTER_FILE
from terrace.model.sops_rules import FILE, is_stale, is_stale_for
from terrace.model.source import Location
from terrace.validate.rule import Example, FilesView, Hit, rule
from terrace.validate.sealed_text import APP, RECOVERY, REGISTER

_APP = f"  app: {{kind: workload, owner: team-app, environments: [staging], since: 2026-01-01, key: {APP}}}\n"
_STAGING = "environments/staging/environment.yaml"
_NAMED = {REGISTER_FILE: f"{REGISTER}{_APP}", _STAGING: "kind: staging\nrecipients: [app]\n"}
_TENANT = {
    REGISTER_FILE: f"{REGISTER}{_APP}",
    "tenants/acme/tenant.yaml": "services: [app]\nenvironments: [staging]\nrecipients: [app]\n",
}
_HEAD = """\
# Generated from recipients.yaml and the `recipients` of environments and tenants; do not edit.
# Made anew by: terrace secrets recipients sync
creation_rules:
"""
_RULE = f"""\
  - path_regex: '^(environments|tenants/.+)/staging/[^/]+\\.secrets\\.yaml$'
    age: >-
      {RECOVERY},
      {APP}
"""
_OF_TENANT = _RULE.replace("(environments|tenants/.+)", "tenants/acme")
GOOD = (
    Example({**_NAMED, FILE: _HEAD + _RULE}),
    Example({**_TENANT, FILE: _HEAD + _OF_TENANT}),
    Example({FILE: None}),
)
BAD = (
    Example({**_NAMED}, FILE),
    Example({**_NAMED, FILE: _HEAD + _RULE.replace(f",\n      {APP}", "")}, FILE),
    Example({FILE: "creation_rules: []\n"}, FILE),
    Example({**_TENANT}, FILE),
    Example({FILE: _HEAD + _OF_TENANT}, FILE),
    Example({FILE: _HEAD + _OF_TENANT.replace("acme", "gone")}, FILE),
)


@rule("SEC018", "rules for SOPS out of date", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """The file, if the rules of environments in it are others, or those of a tenant."""
    repository = view.repository
    if repository.register.document is None:
        return
    stale = is_stale_for(repository, view.tenant) if view.tenant else is_stale(repository)
    if stale:
        message = f"{FILE} is not what {REGISTER_FILE} leads to"
        yield Hit(message, Location(FILE), hint="Make it anew: terrace secrets recipients sync")
