"""Callers that bring no token of ours: by certificates that they show, or by tokens of providers that are trusted.

The file is YAML. It holds no secret, and whoever can write it says who gets what:

    certificates:
      - name: acme's till
        san: spiffe://shop.example/till/acme    # a URI, or a DNS name; or a list of them
        environments: [production]
        services: [till]
        tenants: [acme]
        may: [read, secrets]
    oidc:
      - name: github
        issuer: https://token.actions.githubusercontent.com
        audience: terrace.shop.example
        rules:                                  # the first that holds
          - name: deployment of the shop
            where: {repository: acme/shop, environment: production}
            environments: [production]
            services: ["*"]
            tenants: ["*"]
            may: [read]
"""

from __future__ import annotations

import os
import re
import stat
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from terrace import yamlio
from terrace.errors import TerraceError
from terrace.server.fetch import is_allowed
from terrace.server.tokens import Scopes

_IN_A_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_Name = Annotated[str, Field(min_length=1, max_length=100)]


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


_Names = Annotated[tuple[str, ...], Field(min_length=1)]
_OneOrMore = Annotated[tuple[_Name, ...], Field(min_length=1), BeforeValidator(_listed)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FromClaim(_Part):
    """The tenants that a claim of the token names."""

    claim: _Name


class _Scoped(_Part):
    name: _Name
    environments: _Names
    services: _Names
    may: Annotated[tuple[Literal["read", "secrets", "flags", "write"], ...], Field(min_length=1)]


class Certificate(_Scoped):
    """Whoever shows a certificate with one of these names."""

    san: _OneOrMore
    tenants: _Names

    @property
    def scopes(self) -> Scopes:
        """What this caller may."""
        return Scopes(self.environments, self.services, self.tenants, self.may)


class Rule(_Scoped):
    """Whoever brings a token in which these claims stand."""

    where: Annotated[dict[str, Any], Field(min_length=1)]
    tenants: _Names | FromClaim

    @model_validator(mode="after")
    def _says_something(self) -> Rule:
        _check_where(self.where)
        return self


class SignIn(_Part):
    """People sign in at this provider with a browser. `url` is where they see this server.

    `secret_file` holds the client's secret, where it has one.
    """

    client_id: _Name
    url: str
    secret_file: str = ""
    scope: Annotated[str, Field(pattern=r"^openid( [!#-[\]-~]+)*$", max_length=500)] = "openid"

    @model_validator(mode="after")
    def _comes_back_safely(self) -> SignIn:
        if not is_allowed(self.url, loopback=True) or "?" in self.url:
            raise ValueError(f"{self.url} is no https:// URL without user, query and fragment")
        return self


class Issuer(_Part):
    """A provider whose tokens are good for `audience`.

    `keys` is the URL or the file of its JSON Web Key Set, where that is not where its discovery document says.
    """

    name: _Name
    issuer: str
    audience: _OneOrMore
    keys: str = ""
    ca_file: str = ""
    algorithms: Annotated[tuple[Literal["RS256", "PS256", "ES256", "EdDSA"], ...], Field(min_length=1)] = (
        "RS256",
        "PS256",
        "ES256",
        "EdDSA",
    )
    leeway: Annotated[int, Field(ge=0, le=300)] = 30
    max_age: Annotated[int, Field(ge=1, le=7 * 86400)] = 86400
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    sign_in: SignIn | None = None

    @model_validator(mode="after")
    def _asks_safely(self) -> Issuer:
        urls = [self.issuer] if "://" not in self.keys else [self.issuer, self.keys]
        for url in urls:
            if not is_allowed(url, loopback=True):
                raise ValueError(f"{url} is no https:// URL without user and fragment")
        if self.sign_in is not None and not _IN_A_PATH.fullmatch(self.name):
            raise ValueError("a name at which people sign in has letters, digits, '.', '_' and '-'")
        if self.sign_in is not None and self.sign_in.client_id not in self.audience:
            raise ValueError("a token of sign_in is for its client_id: name that as an audience, too")
        return self


class Listed(_Part):
    """All of a file."""

    certificates: tuple[Certificate, ...] = ()
    oidc: tuple[Issuer, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Listed:
        for what, names in (
            ("certificate name", [san for each in self.certificates for san in each.san]),
            ("issuer", [each.issuer for each in self.oidc]),
            ("name of an issuer", [each.name for each in self.oidc]),
        ):
            twice = sorted({each for each in names if names.count(each) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]} stands there twice")
        return self


def read(path: Path) -> Listed:
    """What a file of callers says. Raises `TerraceError` if that is not right, or others could change it."""
    values, findings = yamlio.load(_kept_from_others(path))
    if findings:
        raise TerraceError(f"{path}: {findings[0].message}")
    try:
        found = Listed.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(each) for each in first["loc"])
        raise TerraceError(f"{path}: {place or 'the file'}: {first['msg'].removeprefix('Value error, ')}") from error
    if not found.certificates and not found.oidc:
        raise TerraceError(f"{path} names nobody", hint="It has `certificates:` or `oidc:`, or both.")
    return _with_files_beside(found, path.parent)


def _with_files_beside(listed: Listed, folder: Path) -> Listed:
    """`listed`, where paths of files are from the folder in which the file of callers lies."""
    return listed.model_copy(update={"oidc": tuple(map(partial(_from, folder), listed.oidc))})


def _from(folder: Path, issuer: Issuer) -> Issuer:
    keys = str(folder / issuer.keys) if issuer.keys and "://" not in issuer.keys else issuer.keys
    ca_file = str(folder / issuer.ca_file) if issuer.ca_file else ""
    sign_in = issuer.sign_in
    if sign_in is not None and sign_in.secret_file:
        sign_in = sign_in.model_copy(update={"secret_file": str(folder / sign_in.secret_file)})
    return issuer.model_copy(update={"keys": keys, "ca_file": ca_file, "sign_in": sign_in})


def _kept_from_others(path: Path) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode) or mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise TerraceError(f"others than its owner can write {path}", hint=f"chmod go-w {path}")
            return file.read()
    except UnicodeDecodeError as error:
        raise TerraceError(f"{path} is not UTF-8") from error
    except OSError as error:
        raise TerraceError(f"cannot read {path}: {error.strerror}") from error


def _check_where(where: dict[str, Any]) -> None:
    """Raise `ValueError` where a condition would hold for anything, or for what is not there."""
    for claim, wanted in where.items():
        if isinstance(wanted, dict) and wanted:
            _check_where(wanted)
            continue
        each = wanted if isinstance(wanted, list) else [wanted]
        if not each or not all(isinstance(one, str | int) for one in each):
            raise ValueError(f"where.{claim} is a text, a whole number, true or false, some of these, or claims inside")
