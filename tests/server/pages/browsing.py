"""A browser without a window: asks for pages, keeps cookies, and reads what it gets as elements."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx

from terrace.server.app import Server

_VOID = frozenset({"meta", "link", "input", "img", "br", "hr", "wbr"})


class Element:
    """An element: its tag, its attributes, what is in it."""

    def __init__(self, tag: str, attributes: dict[str, str], parent: Element | None = None) -> None:
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.inside: list[Element | str] = []

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def text(self) -> str:
        """Its text, with single spaces, also between elements; not where a line may only break."""
        return " ".join(re.sub(r"\s*\0\s*", "", self._text).split())

    @property
    def _text(self) -> str:
        parts = (each if isinstance(each, str) else each._text for each in self.inside)
        return "\0" if self.tag == "wbr" else f" {''.join(parts)} "

    def all(self, tag: str = "", **attributes: str) -> Iterator[Element]:
        """The elements in it, of a tag and with attributes."""
        for each in self.inside:
            if isinstance(each, Element):
                said = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
                if tag in ("", each.tag) and all(each.attributes.get(name) == value for name, value in said.items()):
                    yield each
                yield from each.all(tag, **attributes)

    def one(self, tag: str = "", **attributes: str) -> Element:
        """The only such element."""
        (found,) = self.all(tag, **attributes)
        return found

    def rows(self) -> list[list[str]]:
        """The texts of a table's rows, without its head."""
        return [[cell.text for cell in row.all() if cell.tag in ("th", "td")] for row in self.one("tbody").all("tr")]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self._at = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = Element(tag, {name: value or "" for name, value in attrs}, self._at)
        self._at.inside.append(found)
        if tag not in _VOID:
            self._at = found

    def handle_endtag(self, tag: str) -> None:
        assert self._at.tag == tag, f"</{tag}> closes <{self._at.tag}>"
        assert self._at.parent is not None
        self._at = self._at.parent

    def handle_data(self, data: str) -> None:
        self._at.inside.append(data)


def read(text: str) -> Element:
    """A page as elements. Fails where an element is not closed."""
    reader = _Reader()
    reader.feed(text)
    return reader.root


class Browser:
    """Asks a server. `base` says under which name, and whether by TLS."""

    def __init__(self, server: Server, base: str = "http://127.0.0.1") -> None:
        self.server = server
        self.base = base
        self.cookies = httpx.Cookies()

    def ask(self, method: str, url: str, **more: Any) -> httpx.Response:
        """One response. Redirects are not followed."""

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.server.app)
            async with httpx.AsyncClient(transport=transport, base_url=self.base, cookies=self.cookies) as client:
                response = await client.request(method, url, **more)
                self.cookies = client.cookies
                return response

        return asyncio.run(asked())

    def get(self, url: str, **more: Any) -> httpx.Response:
        """The response to a GET."""
        return self.ask("GET", url, **more)

    def page(self, url: str, status: int = 200) -> Element:
        """A page, which must come with this status."""
        response = self.get(url)
        assert response.status_code == status, (url, response.status_code, response.text[:300])
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        return read(response.text)

    def sign_in(self, token: str, onward: str = "", **headers: str) -> httpx.Response:
        """What the form for a token is answered with, when it is filled in."""
        form = self.page(f"/sign-in?next={onward}")
        fields = {each["name"]: each["value"] for each in form.all("input", type="hidden")}
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", "/sign-in", data={**fields, "token": token}, headers=said)

    def crawl(self, start: str = "/") -> dict[str, str]:
        """Every page that links lead to from `start`, by URL; each must be there."""
        found: dict[str, str] = {}
        waiting = [start]
        while waiting:
            url = waiting.pop()
            if url in found:
                continue
            response = self.get(url)
            assert response.status_code == 200, f"{url} is linked, and answered {response.status_code}"
            found[url] = response.text
            links = (link["href"].partition("#")[0] for link in read(response.text).all("a"))
            waiting += [link for link in links if link]
        return found
