"""Public keys that SOPS encrypts for, by their form: nothing is encrypted to find out."""

from __future__ import annotations

from terrace.validate.later import later

_AGE = later(r"age1[02-9ac-hj-np-z]{58}")
_SSH = later(r"(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/]+={0,2}")
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def key_fault(key: str) -> str:
    """Why text is no public key that secrets can be encrypted for, in words that follow it; empty if it is one."""
    if "SECRET-KEY" in key.upper() or "PRIVATE KEY" in key:
        return "is a private key: it is known now, and must be replaced"
    if key.startswith("age1pq1") or (key.startswith("age1") and "1" in key[4:]):
        return "belongs to a plugin or is post-quantum, and only the sops program encrypts for it"
    if key.startswith("ssh-"):
        return "" if _SSH.fullmatch(key) and _names_its_kind(key) else "is a damaged SSH key"
    if not key.startswith("age1"):
        return "is neither age1... nor ssh-ed25519 ... nor ssh-rsa ..."
    return "" if _AGE.fullmatch(key) and _sums_up(key) else "has a typing error: its checksum is wrong"


def _names_its_kind(key: str) -> bool:
    """Whether the body of an SSH key begins with the kind that stands before it."""
    from base64 import b64decode

    kind, body = key.split()
    try:
        data = b64decode(body, validate=True)
    except ValueError:
        return False
    return data.startswith(len(kind).to_bytes(4, "big") + kind.encode()) and len(data) > len(kind) + 32


def _sums_up(key: str) -> bool:
    """Whether the checksum of a Bech32 text (BIP 173) is right."""
    human, _, data = key.rpartition("1")
    values = [ord(each) >> 5 for each in human] + [0] + [ord(each) & 31 for each in human]
    checksum = 1
    for value in [*values, *(_BECH32.find(each) for each in data)]:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate(_GENERATOR):
            if top >> bit & 1:
                checksum ^= term
    return checksum == 1
