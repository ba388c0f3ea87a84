"""For tests of applications: other values for a while, and a handle where there is no destination.

As a pytest plugin it is there by itself: the fixture `terrace_override` takes a handle and values, and gives them back
when the test ends.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from terrace.model.merge import merge
from terrace.model.source import parse_path
from terrace.model.typed import nest
from terrace.runtime.handle import Handle

M = TypeVar("M", bound=BaseModel)


@contextmanager
def override(handle: Handle[M], values: Mapping[str, Any], *, tenant: str | None = None) -> Iterator[M]:
    """Within the block, `handle` gives the configuration with `values` (by dotted path) for this process, or `tenant`.

    The result is judged by the model as any other, and raises `ConfigError`; subscribers hear of nothing. A path that
    leads nowhere is a `UsageError`.
    """
    patch = {parse_path(path): value for path, value in values.items()}
    with handle.replaced(nest(patch), tenant) as config:
        yield config


def handle_of(
    model: type[M],
    values: Mapping[str, Any],
    *,
    tenants: Mapping[str, Mapping[str, Any]] | None = None,
    service: str = "app",
    environment: str = "test",
) -> Handle[M]:
    """A handle over `values` (nested, secrets in plain), as if a bundle of them had been deployed.

    `tenants` are overlays on them. What the application does with it (`current`, `for_tenant`, `endpoints`) is real.
    """
    from terrace.bundle import BundleWriter, Facts
    from terrace.contract import PREFIX
    from terrace.runtime.start import watch

    schema = model.model_json_schema()
    with tempfile.TemporaryDirectory(prefix="terrace-test-") as folder:
        bundle = Path(folder) / service
        facts = Facts("test", protected=False)
        tenancy = str(schema.get(PREFIX + "tenancy", "none"))
        writer = BundleWriter(
            bundle, environment=environment, service=service, tenancy=tenancy, schema=schema, facts=facts
        )
        writer.add(None, values)
        for name, overlay in (tenants or {}).items():
            writer.add(name, merge(dict(values), dict(overlay)))
        writer.seal()
        environ = {"TERRACE_ENV": environment, "TERRACE_TENANT": ""}
        handle = watch(model, service=service, source=bundle, environ=environ, follow=False)
        for name in handle.revision.tenants:
            handle.for_tenant(name)
        return handle
