"""The only door to YAML: strict reading with positions, and edits that change only the bytes they must."""

from terrace.yamlio.read import load, read

__all__ = ["load", "read"]
