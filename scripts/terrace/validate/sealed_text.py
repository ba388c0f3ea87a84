"""Text as SOPS writes it, for examples: nobody has the key."""

from __future__ import annotations

SEALED = "ENC[AES256_GCM,data:p673w==,iv:YY+lkJvs1G9TbyGlZ6oPDw==,tag:ciK1wlDZ5cbcL6YOx1Oq2A==,type:str]"
"""An encrypted value."""

NOTES = f"""\
sops:
  mac: {SEALED}
  lastmodified: "2026-01-01T00:00:00Z"
  version: 3.12.2
"""
"""What SOPS notes at the end of a file."""
