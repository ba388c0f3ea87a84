"""For tests of applications: other values for a while, and a handle where there is no destination.

As a pytest plugin it is there by itself: the fixture `terrace_override` takes a handle and values, and gives them back
when the test ends; `terrace_flags` does so with a provider of flags and variants.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from terrace.model.merge import merge
from terrace.model.source import parse_path
from terrace.model.typed import nest
from terrace.runtime.handle import Handle

if TYPE_CHECKING:
    from terrace.runtime.flags import FlagProvider

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


@contextmanager
def force(provider: FlagProvider, variants: Mapping[str, str]) -> Iterator[None]:
    """Within the block, `provider` gives everybody these variants (by the flag's key), as static ones.

    Whatever else the application does with its flags is real. A flag or a variant that there is not is a `UsageError`.
    """
    with provider.live.replaced(variants):
        yield


def provider_of(flags: Mapping[str, Any], *, environment: str = "test", tenant: str = "") -> FlagProvider:
    """A provider of flags where there is no destination: of flagd definitions by key, or just of values.

    A value that is no definition becomes the variant `on` of a flag, and what a boolean is not its variant `off`.
    """
    from terrace.bundle import BundleWriter, Facts
    from terrace.model.flag import STREAM
    from terrace.runtime.flags import provider

    named = {key: value if _is_definition(value) else _fixed(value) for key, value in flags.items()}
    definition = {"flags": named, "metadata": {"flagSetId": environment}}
    with tempfile.TemporaryDirectory(prefix="terrace-test-") as folder:
        bundle = Path(folder) / STREAM
        facts = Facts("test", protected=False)
        writer = BundleWriter(
            bundle, environment=environment, service=STREAM, tenancy="none", schema={"type": "object"}, facts=facts
        )
        writer.add(None, definition)
        writer.seal()
        environ = {"TERRACE_ENV": environment}
        return provider(source=bundle, tenant=tenant, environ=environ, follow=False)


def _is_definition(value: object) -> bool:
    return isinstance(value, dict) and {"state", "variants"} <= value.keys()


def _fixed(value: Any) -> dict[str, Any]:
    variants = {"on": True, "off": False} if isinstance(value, bool) else {"on": value}
    return {"state": "ENABLED", "variants": variants, "defaultVariant": "off" if value is False else "on"}


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
