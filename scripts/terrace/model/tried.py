"""A secrets file on which the keys at hand were tried: what came of it, with its values as `Secret`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from terrace.model.entities import Tenant
from terrace.model.secret import Secret
from terrace.model.source import Document, Pointer, Span

Scalar = str | bytes | int | float | bool


class Trial(NamedTuple):
    """What is wrong with a file that keys were tried on.

    `problem` is why a key that should open it does not, with a place and a hint where they are known; `strangers` are
    the keys, by name, that open it and should not. `unchecked` is why it was not opened though nothing is wrong with
    it: no key at hand is for it, or only the sops program could tell.
    """

    problem: str = ""
    span: Span | None = None
    pointer: Pointer | None = None
    hint: str = ""
    strangers: tuple[str, ...] = ()
    unchecked: str = ""


class Tried(NamedTuple):
    """A secrets file of an environment, or of a tenant in it. `values` is None where the file was not opened."""

    document: Document
    environment: str
    tenant: Tenant | None
    values: Mapping[Pointer, Secret[Scalar]] | None
    trial: Trial = Trial()
