"""Long lists: searched by a text, and given page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from starlette.requests import Request

T = TypeVar("T")
SIZE = 50


class Page(NamedTuple, Generic[T]):
    """One page of a list. Pages count from 1."""

    items: Sequence[T]
    number: int
    pages: int
    total: int
    size: int = SIZE

    @property
    def first(self) -> int:
        """The number of its first item, in the whole list."""
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        """The number of its last item, in the whole list."""
        return self.first + len(self.items) - 1 if self.total else 0


def page(items: Sequence[T], number: int, size: int = SIZE) -> Page[T]:
    """The page `number` of `items`; the nearest there is, where there are not so many."""
    pages = max(1, -(-len(items) // size))
    number = min(max(1, number), pages)
    return Page(items[(number - 1) * size : number * size], number, pages, len(items), size)


def asked_number(request: Request, name: str = "page", otherwise: int = 1) -> int:
    """A number from the URL; `otherwise` where it says none."""
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def asked_text(request: Request, name: str) -> str:
    """A text from the URL, without what people paste around it."""
    return request.query_params.get(name, "").strip()[:300]


def matching(items: Sequence[T], text: str, name: Callable[[T], str]) -> list[T]:
    """Those whose name holds every word of `text`, whatever their case."""
    words = text.casefold().split()
    return [item for item in items if all(word in name(item).casefold() for word in words)]
