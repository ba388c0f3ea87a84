"""What the files of secrets are called: the main one of a service, the proposals above it, and the ledger beside each.

backend.secrets.yaml                            the main file, with the values that were folded in
backend.proposed-mail-token-4f1c.secrets.yaml   a proposal: one value that outranks the main file's
backend.ledger.yaml                             in clear text, when each secret was made; never a value
"""

from __future__ import annotations

SECRETS = ".secrets.yaml"
LEDGER = ".ledger.yaml"
PROPOSED = ".proposed-"


def is_secrets(path: str) -> bool:
    """Whether a path is named as a secrets file is."""
    return path.endswith(SECRETS)


def is_ledger(path: str) -> bool:
    """Whether a path is named as a ledger is."""
    return path.endswith(LEDGER)


def ledger_of(path: str) -> str:
    """The path of the ledger beside a secrets file, or beside a plain layer, whose references it dates."""
    return path.removesuffix(SECRETS if is_secrets(path) else ".yaml") + LEDGER


def secrets_beside(path: str) -> str:
    """The path of the secrets file that a ledger speaks of."""
    return path.removesuffix(LEDGER) + SECRETS


def layer_beside(path: str) -> str:
    """The path of the plain layer whose references a ledger may speak of."""
    return path.removesuffix(LEDGER) + ".yaml"


def is_proposal(path: str) -> bool:
    """Whether a path is named as a proposal is."""
    return is_secrets(path) and PROPOSED in path[path.rfind("/") + 1 :]


def main_of(path: str) -> str:
    """The path of the main file that a proposal lies above; any other path as it is."""
    if not is_proposal(path):
        return path
    start = path.rfind("/") + 1
    return path[: path.index(PROPOSED, start)] + SECRETS


def proposal_of(path: str, slug: str) -> str:
    """The path of a proposal above the main file at `path`."""
    return f"{path.removesuffix(SECRETS)}{PROPOSED}{slug}{SECRETS}"
