"""The schemas of the files that describe environments, tenants and recipients."""

from __future__ import annotations

from functools import cache

from terrace.deploy import kinds
from terrace.model.descriptors import RECIPIENTS_SCHEMA, TENANT_SCHEMA, environment_schema
from terrace.model.recipients import FILE as REGISTER
from terrace.validate.schema import Compiled


@cache
def descriptor_schema(name: str) -> Compiled:
    """The compiled schema of `environment.yaml`, `tenant.yaml` or `recipients.yaml`."""
    if name == REGISTER:
        return Compiled(RECIPIENTS_SCHEMA)
    return Compiled(TENANT_SCHEMA if name == "tenant.yaml" else environment_schema(kinds.schema()))
