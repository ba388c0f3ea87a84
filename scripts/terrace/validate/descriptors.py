"""The schemas of the files that describe environments and tenants."""

from __future__ import annotations

from functools import cache

from terrace.model.descriptors import DESCRIPTOR_SCHEMAS
from terrace.validate.schema import Compiled


@cache
def descriptor_schema(name: str) -> Compiled:
    """The compiled schema of `environment.yaml` or `tenant.yaml`."""
    return Compiled(DESCRIPTOR_SCHEMAS[name])
