"""The configuration of one bundle with the secrets of another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from terrace.bundle import Bundle, BundleWriter, Facts, open_bundle, recompose, verify

SHARED = "environments/production/backend.secrets.yaml"


def test_configuration_is_of_one_and_secrets_of_the_other(tmp_path: Path, bundle: Bundle, make: Any) -> None:
    newer = make(tmp_path / "newer", pool=9, secret=b"password: ENC[two]\n")
    ref = recompose(bundle, newer, tmp_path / "both")
    both = open_bundle(tmp_path / "both")
    assert verify(both.folder) == []
    assert both.ref == ref
    assert (both.ref.streams.config, both.ref.streams.secrets) == (bundle.ref.streams.config, newer.ref.streams.secrets)
    assert both.values("acme") == bundle.values("acme")
    assert both.secrets("acme") == newer.secrets("acme")
    assert both.provenance == bundle.provenance


def test_a_bundle_with_its_own_secrets_is_itself(tmp_path: Path, bundle: Bundle) -> None:
    assert recompose(bundle, bundle, tmp_path / "again") == bundle.ref


def test_the_result_is_what_a_build_would_have_made(tmp_path: Path, bundle: Bundle, make: Any) -> None:
    newer = make(tmp_path / "newer", pool=9, secret=b"password: ENC[two]\n")
    built = make(tmp_path / "built", secret=b"password: ENC[two]\n")
    assert recompose(bundle, newer, tmp_path / "both") == built.ref


def test_a_tenant_that_is_gone_comes_back_with_its_own_secrets(tmp_path: Path, bundle: Bundle) -> None:
    facts = Facts("production", protected=True)
    writer = BundleWriter(
        tmp_path / "n", environment="production", service="backend", tenancy="pooled", schema={}, facts=facts
    )
    writer.add(None, {"pool": 1}, [(SHARED, b"password: ENC[two]\n")])
    writer.seal()
    recompose(bundle, open_bundle(tmp_path / "n"), tmp_path / "both")
    both = open_bundle(tmp_path / "both")
    assert [data for _, data in both.secrets("acme")] == [b"password: ENC[two]\n", b"token: ENC[acme]\n"]
