"""Keys that every test of encrypted files needs."""

from __future__ import annotations

from datetime import UTC, datetime

import pyrage
import pytest

from terrace.sops import Identities, identities


class Keys:
    """A private key, its identities and its recipient."""

    def __init__(self) -> None:
        key = pyrage.x25519.Identity.generate()
        self.text = str(key)
        self.recipient = str(key.to_public())
        self.identities: Identities = identities.of(self.text)


@pytest.fixture(scope="session")
def alice() -> Keys:
    return Keys()


@pytest.fixture(scope="session")
def bob() -> Keys:
    return Keys()


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
