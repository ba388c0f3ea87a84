"""A person with an age key, and a repository of one service whose secrets that person can open."""

from __future__ import annotations

import pyrage
import pytest

from terrace.sops import Identities, identities


class Person:
    """A private key, what opens with it, and the recipient that others encrypt for."""

    def __init__(self) -> None:
        key = pyrage.x25519.Identity.generate()
        self.text = str(key)
        self.recipient = str(key.to_public())
        self.identities: Identities = identities.of(self.text)


@pytest.fixture(scope="session")
def ada() -> Person:
    return Person()


@pytest.fixture(scope="session")
def eve() -> Person:
    return Person()
