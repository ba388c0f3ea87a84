"""The schemas of the files that describe environments and tenants."""

from __future__ import annotations

from functools import cache

from terrace.deploy import kinds
from terrace.model.descriptors import TENANT_SCHEMA, environment_schema
from terrace.validate.schema import Compiled


@cache
def descriptor_schema(name: str) -> Compiled:
    """The compiled schema of `environment.yaml` or `tenant.yaml`."""
    return Compiled(TENANT_SCHEMA if name == "tenant.yaml" else environment_schema(kinds.schema()))
