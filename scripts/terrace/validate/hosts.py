"""Hosts as they stand in values: alone, in URLs, in e-mail addresses, in connection strings. Nothing is looked up."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import NamedTuple

from terrace.validate.later import later
from terrace.validate.words import word_set

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
NAME = rf"{_LABEL}(?:\.{_LABEL})*\.?"
"""A host's name, or an IPv4 address."""

_URL = later(
    rf"(?<![a-z0-9+.-])(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^\s/?#@]*@)?(?P<host>\[[0-9a-f:.]+\]|(?:\*\.)?{NAME})"
    r"(?![^\s/:?#,;\"'`)\]}<>|\\])",
    re.I,
)
_AFTER_AT = later(rf"(?<=@)(?:{NAME})(?![a-z0-9_@.\-])", re.I)
_ALONE = later(rf"(?:\*?\.)?(?P<host>{NAME})(?::\d{{1,5}})?", re.I)

_PRIVATE_SUFFIXES = (
    ".cluster.local", ".consul", ".corp", ".home", ".home.arpa", ".internal", ".intranet", ".lan", ".local",
    ".localdomain", ".localhost", ".private", ".svc",
)  # fmt: skip
_RESERVED = (".example", ".test", ".invalid", ".onion", ".arpa", ".alt")
_GENERIC = word_set(
    "academy aero agency ai app art asia bank biz blog build business capital care careers cat center chat church city"
    " cloud club codes coffee com community company computer consulting coop cymru dance delivery design dev digital"
    " direct directory earth edu education email energy engineering events exchange expert fashion finance fit food"
    " foundation fun fund gallery games garden gent global gov green group guide guru health help homes host hosting"
    " house info ink insure int international io jobs kitchen land law legal life link live llc loans london ltd"
    " management market marketing media menu mil mobi money movie museum name net network news ngo ninja nyc one ong"
    " online org page partners pay pet photo photos photography pizza place plus post press pro productions properties"
    " pub radio realty recipes rent repair report rest restaurant review reviews run sale salon school science scot"
    " security services shoes shop shopping site social software solar solutions space store studio style support"
    " systems tax team tech technology tel tickets tips today tokyo tools top tours town toys trade trading training"
    " travel tube university vacations ventures vet video villas vip vision wales watch webcam website wedding wiki"
    " work works world wtf xyz yoga zone"
)
"""The generic top-level domains that people use; with the countries' two letters they tell the world from a network."""


class Url(NamedTuple):
    """A URL found in a value: its scheme and host in lower case, and where it ends its host in the text."""

    scheme: str
    host: str
    end: int


def urls(text: str) -> Iterator[Url]:
    """Every URL in `text` that names a host; a host that is still a template is none."""
    for match in _URL.finditer(text):
        yield Url(match["scheme"].lower(), _plain(match["host"]), match.end())


def hosts(text: str) -> Iterator[str]:
    """Every host in `text`: those of URLs and e-mail addresses, and the text itself where it is nothing but a host."""
    for url in urls(text):
        yield url.host
    for match in _AFTER_AT.finditer(text):
        yield _plain(match[0])
    alone = _ALONE.fullmatch(text)
    if alone:
        yield _plain(alone["host"])


def host_of(text: str) -> str:
    """The host of a URL, or of a value that is a host with or without a port; empty for anything else."""
    first = next(urls(text), None)
    if first:
        return first.host
    address = _address(text.strip("[]"))
    if address:
        return str(address)
    alone = _ALONE.fullmatch(text)
    return _plain(alone["host"]) if alone else ""


def is_below(host: str, *domains: str) -> bool:
    """Whether a host is one of `domains`, or lies below one."""
    return any(host == domain or host.endswith("." + domain) for domain in domains)


def is_loopback(host: str) -> bool:
    """Whether a host always means the machine itself."""
    address = _address(host)
    if address:
        mapped = getattr(address, "ipv4_mapped", None)
        return address.is_loopback or bool(mapped and mapped.is_loopback)
    return is_below(
        host,
        "localhost",
        "localhost.localdomain",
        "localhost4",
        "localhost6",
        "ip6-localhost",
        "ip6-loopback",
        "host.docker.internal",
        "gateway.docker.internal",
        "host.containers.internal",
    )


def is_unspecified(host: str) -> bool:
    """Whether a host means every address of the machine, as one to listen on does."""
    address = _address(host)
    return bool(address and address.is_unspecified)


def is_public(host: str) -> bool:
    """Whether a host is out in the world: an address of the Internet, or a name below a public top-level domain."""
    address = _address(host)
    if address:
        return address.is_global
    labels = host.split(".")
    if len(labels) < 2 or "svc" in labels or host.endswith(_PRIVATE_SUFFIXES + _RESERVED):
        return False
    top = labels[-1]
    return (len(top) == 2 and top.isalpha()) or top in _GENERIC or top.startswith("xn--")


def _plain(host: str) -> str:
    return host.lower().removeprefix("*.").strip("[]").removesuffix(".")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if not host or (":" not in host and not host[-1].isdigit()):
        return None
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
