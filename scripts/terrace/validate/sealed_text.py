"""Text as SOPS writes it, for examples: nobody has the keys."""

from __future__ import annotations

from textwrap import indent

SEALED = "ENC[AES256_GCM,data:p673wQ==,iv:YY+lkJvs1G9TbyGlZ6oPDw==,tag:ciK1wlDZ5cbcL6YOx1Oq2A==,type:str]"
"""An encrypted value of four bytes."""

RECOVERY = "age13v328awhcjq7f4ggasg9y7jlvfhtn435a7f3cwr5qh2esavpw5hqacclrv"
ANNA = "age16eqpvrn2yrgexvhu0g548zc3hmuzwgvuxdjswlqyaefzglwquucqprcv7e"
APP = "age15k44pqeg6mrsp6cxu3ja4mcpeatqrjtwfyvcumej20pwz59evarsp0s3ux"

_STANZAS = {
    RECOVERY: """\
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBHa2xtOWMzanBvQmZWMjZQ
RUdZdnIxaVFJN0pPV094cFNjU2lkM3ExYnowCkM4cUp6Sm56aWdHcjRxTnZxRXRa
RVU2NUlhdS9Xa054R3N4aHFpbUc2ZmcKLT4gWiQhLi1ncmVhc2UgaHQlIH1zCndN
NG1BdGhsaWZRCi0tLSByWjVjUTRxMzhyL1FnQlhSTEZtYWdqalZMN3IwbVFyQjdO
N2hOZXBKUk1ZCl24KrRwW/lskBF7XbVK8Jx6zAyrlmogCS6e8GgCGaQISt6F/OaZ
ZToCAVu/d8QOvyoLt6X/lT25fSTzpkGLnjI=
""",
    ANNA: """\
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSAyL2dVbUpGNGIzK0Z2dnZJ
WjdXdzFCUk11NWpwMlZFVWhYQTdHd0EvMVdBCklZa3hyc2Z3VFNXWURWalJld1JP
L2Rkc3lWRWZ6L1huQWlNWlJjQjAxazQKLT4gdUthXC1ncmVhc2UgR0xPTnZrXCBq
Cit6cis1cW5kbzJvYktuWDFnTTRmZFkzSm1POTgycXZsNDFpRTVmV0tDRVIrRG5m
aQotLS0gNyt1MEYrODBPdmZ1N0ZjUGxTOU5LUFQ0STRLRTN1aVZ6RjdhRzRPOWdr
VQoBOjgkqjD4CA+MUsNVEnmn7dzYj0FJAhXI8NhtEJKco3PczQZiBVmd4ri7CvC1
pu7IPsHcB6sGtBf1HBnoc4FR
""",
    APP: """\
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSA2Z0k2RytjWmZVWjQrakJz
Mk9pVkc3U2lwRFNVZldCZzlJdUU3cDl3WW1zCjdHc1lkY0tpam9teVZuT3l2QXQ3
K0ZzZTZVcHYrQURIUUI5WnMrZ284NU0KLT4gcHgieFB5M3UtZ3JlYXNlIC48biFY
c3BbICogLjh3NmdcICpzRFkKTGc4RkY4eGdhODVnZTFHNk5xM2lFSHE0Y1FpYXE0
UWNqMURvOEorKzJ4VXhsL3BaSUFKczNITG5pZWd6c29BYwpFZWVNVEMyd3AwL3FH
Uk54RHhNYlkrM0FNSjJxOGpZblZEcFhLejh1Ci0tLSB2M1pGQ3A5bEt4SHZYOUVk
RGpNbWhtVmxsYXoxems5RzE2SjdodTJseFBVCqzGrSlklkJwxrHF432m1g3QDuxY
39oC4kpKz7ilm7mFwAwqLwFWx0TMKcouG4jSe2rjojb4j8RdmNKGxYVryxE=
""",
}


def notes(*recipients: str, more: str = "") -> str:
    """What SOPS notes at the end of a file that is encrypted for these, the lines `more` among them."""
    age = "".join(_entry(recipient) for recipient in recipients)
    return f"""\
sops:
  age:
{age}  lastmodified: "2026-01-01T00:00:00Z"
  mac: {SEALED}
{more}  version: 3.12.2
"""


def _entry(recipient: str) -> str:
    armoured = f"-----BEGIN AGE ENCRYPTED FILE-----\n{_STANZAS[recipient]}-----END AGE ENCRYPTED FILE-----\n"
    return f"    - recipient: {recipient}\n      enc: |\n{indent(armoured, ' ' * 8)}"


NOTES = notes(RECOVERY)
"""Those of a file that only the recovery key opens."""

REGISTER = f"""\
recipients:
  recovery: {{kind: recovery, key: {RECOVERY}, owner: security, since: 2026-01-01}}
"""
"""A register with the recovery key alone."""
