"""A bundle: the sealed, reproducible desired state of one service in one environment, as a folder of flat files.

    manifest.json             what is in it; SHA-256 of these bytes is the digest that names the bundle
    environment.json          what the environment allows: its kind, its protection, the stores it may refer to
    schema.json               the contract, as the JSON Schema that the values were checked against
    config.json               the effective plain values for no tenant
    config.<tenant>.json      those of a tenant that has overlays; any other tenant takes config.json
    secrets.<16 hex>.yaml     encrypted files of layers, byte for byte as they are committed, named by their content
    provenance.json           commit, its time, and so on; not in the digest
    origins[.<tenant>].json   where each value was set; not in the digest, optional
    signature.json            who vouches for the manifest and the provenance; not in the digest, optional

A *slice* is what one tenant takes: a configuration file and the secrets files of its layers in order of rank. A reader
opens the manifest and the files of its slice, checks each against the manifest, and reads nothing else. The names are
flat (`-._A-Za-z0-9`), so that a slice can stand in a ConfigMap.

Same content, same format: same bytes, same digest, on any machine. `docs/bundles.md` is the full description.
"""

from __future__ import annotations

from terrace.bundle.canonical import canonical
from terrace.bundle.check import verify
from terrace.bundle.compose import recompose
from terrace.bundle.facts import Facts
from terrace.bundle.index import read_index, write_index
from terrace.bundle.manifest import FORMAT, Manifest, SecretsFile, Slice
from terrace.bundle.reader import Bundle, Secrets, open_bundle
from terrace.bundle.writer import BundleWriter

__all__ = [
    "FORMAT", "Bundle", "BundleWriter", "Facts", "Manifest", "Secrets", "SecretsFile", "Slice", "canonical",
    "open_bundle", "read_index", "recompose", "verify", "write_index",
]  # fmt: skip
