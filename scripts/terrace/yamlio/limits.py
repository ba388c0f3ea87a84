"""How large, how deep and how full a file may be. One place, so that the documentation can quote it."""

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_ENTRIES = 50_000
"""Keys and list items, counted together."""
MAX_FINDINGS = 100
"""A file that is not YAML at all would otherwise give a finding for every character."""
