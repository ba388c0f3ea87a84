"""# Reference to a place that is not allowed here

A reference names a store, or a place in a store, that `references` of an environment does not list.

**Why.** Who resolves references can read more than any one of them should. Without a list a development layer could name
production's password, and a tenant's file another tenant's.

**Fix.** Name a place that is allowed; or add it to `references` in the `environment.yaml` that the finding names, where its
owners see it: `references: [vault://secret/data/production/]`. A place that ends with `/` covers everything below it.

Tenants have only places with `{tenant}` in them, where their own name is put in: `vault://secret/data/tenants/{tenant}/`.
A file that several environments share must name a place that each of them allows.

**Exceptions.** `env` references are never allowed in protected environments, whatever is listed.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.layers import leaves
from terrace.model.reference import Reference, parse
from terrace.model.source import dotted
from terrace.refs import policy_of
from terrace.validate.rule import Example, FilesView, Hit, LayerFile, rule

_APP = "environments/production/app.yaml"
_REST = """\
server:
  public_url: https://www.harbourkitchen.com
database:
  host: db.production.internal
"""
_MAIL = "mail:\n  sender: shop@acme.com\n  token: "
GOOD = (
    Example({_APP: f"{_REST}  password: ref+vault://shop/database#/password\n"}),
    Example({"tenants/acme/production/app.yaml": f"{_MAIL}ref+vault://tenants/acme/mail#/token\n"}),
)
BAD = (
    Example({_APP: f"{_REST}  password: ref+vault://shop-old/database#/password\n"}, f"{_APP}:5", "database.password"),
    Example({_APP: f"{_REST}  password: ref+awssecrets://shop/database\n"}, f"{_APP}:5", "database.password"),
    Example(
        {
            "environments/production/environment.yaml": "kind: production\nprotected: true\nreferences: ['env://']\n",
            _APP: f"{_REST}  password: ref+env://DATABASE_PASSWORD\n",
        },
        f"{_APP}:5",
        "database.password",
    ),
    Example(
        {"tenants/acme/production/app.yaml": f"{_MAIL}ref+vault://shop/mail#/token\n"},
        "tenants/acme/production/app.yaml:3",
        "mail.token",
    ),
    Example(
        {"tenants/acme/production/app.yaml": f"{_MAIL}ref+vault://tenants/other/mail#/token\n"},
        "tenants/acme/production/app.yaml:3",
        "mail.token",
    ),
    Example(
        {"environments/base/app.yaml": "database:\n  password: ref+vault://tenants/database#/password\n"},
        "environments/base/app.yaml:2",
        "database.password",
    ),
)


@rule("SEC009", "reference to a place that is not allowed here", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every reference that some environment which its file reaches does not allow."""
    for file in view.plain:
        if "ref+" in file.document.text:
            yield from _of_file(view, file)


def _of_file(view: FilesView, file: LayerFile) -> Iterator[Hit]:
    tenant = view.tenant.name if view.tenant else ""
    policies = [policy_of(view.repository.environments, name) for name in _reached(view, file)]
    for pointer, value in leaves(file.document.value):
        reference = parse(value) if isinstance(value, str) else None
        if not isinstance(reference, Reference):
            continue
        refused = {policy.environment: why for policy in policies if (why := policy.refuses(reference, tenant=tenant))}
        if refused:
            message = f"{dotted(pointer)} names a place that is not allowed here: {next(iter(refused.values()))}"
            yield Hit(message, file.document.at(pointer), pointer, _hint(refused))


def _reached(view: FilesView, file: LayerFile) -> list[str]:
    """The environments whose targets take the file."""
    if file.environment is not None:
        return [file.environment]
    named = view.tenant.environments if view.tenant else tuple(view.repository.environments)
    return [name for name in named if name in view.repository.environments]


def _hint(refused: dict[str, str]) -> str:
    names = list(refused)
    more = f" (and of {len(names) - 1} more)" if len(names) > 1 else ""
    return f"Name another place, or have it added to `references` in environments/{names[0]}/environment.yaml{more}."
