"""# Signer that is no key for signatures of bundles

What stands under a name in `signers` is not one public key in PEM for ECDSA on the curve P-256.

**Why.** Only what one of the `signers` signed becomes current in the environment. A key that cannot be read, or is of
another kind, stops every deployment there, at the moment of the deployment.

**Fix.** Make a key with `terrace keys create --out FILE`, and put the text of `FILE.pub` there. A key from elsewhere has
to be of that kind: `openssl ecparam -name prime256v1 -genkey -noout`. A private key never belongs there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from terrace.model.entities import Repository
from terrace.validate.rule import Example, Hit, rule

_KEY = re.compile(
    r"-----BEGIN PUBLIC KEY-----\s+"
    # The SubjectPublicKeyInfo of a key on P-256 always begins like this, and has 91 bytes.
    r"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE[A-Za-z0-9+/]{28}\s[A-Za-z0-9+/]{58}==\s+"
    r"-----END PUBLIC KEY-----\s*"
).fullmatch


def _described(*lines: str) -> dict[str, str]:
    key = "".join(f"    {line}\n" for line in ("-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----"))
    return {_STAGING: f"kind: staging\nsigners:\n  pipeline: |\n{key}"}


_STAGING = "environments/staging/environment.yaml"
GOOD = (
    Example(
        _described(
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDGXgq6KbraZ6Rv8D3slj36bKYjUq",
            "MAFqrjCq5DoSHAVSdeigV3sp7j01r0lb1j2fFWkulvOBJcX4zhpsRfkoMQ==",
        )
    ),
)
BAD = (
    Example(
        _described("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="), f"{_STAGING}:3", "signers.pipeline"
    ),
    Example(
        {_STAGING: "kind: staging\nsigners:\n  pipeline: keys/pipeline.pub\n"}, f"{_STAGING}:3", "signers.pipeline"
    ),
)


@rule("REL003", "signer that is no key for signatures of bundles", on="repository")
def check(repository: Repository) -> Iterator[Hit]:
    """Every key that could not verify a signature."""
    for environment in repository.environments.values():
        said = environment.document.value.get("signers") if environment.document else None
        for name, key in said.items() if isinstance(said, dict) else ():
            if environment.document is not None and isinstance(key, str) and not _KEY(key):
                pointer = ("signers", name)
                message = f"signers.{name} is not a public key in PEM for ECDSA on P-256"
                hint = "terrace keys create makes one, and writes the public half beside it, as FILE.pub."
                yield Hit(message, environment.document.at(pointer), pointer, hint)
