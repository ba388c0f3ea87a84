"""References as manifests of the External Secrets Operator: Kubernetes fetches the values, not the application."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from terrace.errors import StoreError
from terrace.model.reference import Reference
from terrace.model.source import Pointer, dotted

_REMOTE = ("vault", "awssecrets", "awsssm")
_UNFIT = re.compile(r"[^-._a-zA-Z0-9]")


def external_secret(
    name: str,
    references: Mapping[Pointer, Reference],
    *,
    namespace: str = "",
    refresh: str = "1h",
    kind: str = "SecretStore",
    stores: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The ExternalSecret that fills the Secret `name` with the values of `references`, keyed by their dotted paths.

    `stores` gives the name of the cluster's SecretStore for each of ours, as `vault` or `awssecrets-eu-west-1`; one
    that is not given is named so itself.
    """
    named = {pointer: _store_name(reference, stores or {}) for pointer, reference in references.items()}
    used = sorted(set(named.values()))
    if not used:
        raise StoreError(f"{name} has no references, so there is no ExternalSecret to write")
    data = [
        _entry(pointer, references[pointer], {} if len(used) == 1 else {"name": named[pointer], "kind": kind})
        for pointer in sorted(references, key=dotted)
    ]
    _refuse_collisions(data)
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "spec": {
            "refreshInterval": refresh,
            "secretStoreRef": {"name": used[0], "kind": kind},
            "target": {"name": name, "creationPolicy": "Owner"},
            "data": data,
        },
    }


def manifest(name: str, references: Mapping[Pointer, Reference], **options: Any) -> str:
    """The same as a YAML document."""
    from terrace.yamlio import dump

    return dump(external_secret(name, references, **options))


def refuse_local(reference: Reference) -> None:
    """Raise for a reference to what only a machine has, and no cluster could fetch."""
    if reference.store not in _REMOTE:
        raise StoreError(
            f"{reference} cannot be fetched by the External Secrets Operator",
            hint="It fetches from secret managers: vault, awssecrets and awsssm.",
        )


def _store_name(reference: Reference, stores: Mapping[str, str]) -> str:
    refuse_local(reference)
    region = reference.parameter("region")
    ours = f"{reference.store}-{region}" if region else reference.store
    return stores.get(ours, ours)


def _entry(pointer: Pointer, reference: Reference, store: Mapping[str, str]) -> dict[str, Any]:
    remote = {"key": f"/{reference.path}" if reference.store == "awsssm" else reference.path}
    if reference.key:
        # The operator reads a path of dots, in which a dot of a name is escaped.
        remote["property"] = ".".join(part.replace(".", r"\.") for part in reference.key)
    version = reference.parameter("version") or reference.parameter("version_stage")
    if reference.parameter("version_id"):
        version = f"uuid/{reference.parameter('version_id')}"
    if version:
        remote["version"] = version
    entry: dict[str, Any] = {"secretKey": _UNFIT.sub("_", dotted(pointer)), "remoteRef": remote}
    return {**entry, "sourceRef": {"storeRef": dict(store)}} if store else entry


def _refuse_collisions(data: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for entry in data:
        if entry["secretKey"] in seen:
            raise StoreError(f"two references would be the key {entry['secretKey']} of one Secret")
        seen.add(entry["secretKey"])
