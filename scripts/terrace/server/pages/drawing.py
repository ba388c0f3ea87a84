"""Pages from templates: links, and how a value, a digest, a time and an age are written on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from terrace import __version__
from terrace.server.asked import Admitted
from terrace.server.pages.door import ASSETS, SESSION
from terrace.server.pages.flags.charts import percent
from terrace.server.pages.sessions import Sessions

_HEADERS = {
    # The guard's policy holds too; this one lets a page have nothing but its own style, script and pictures.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Vary": "Cookie, Authorization",
}
_ASSETS = {"terrace.css": "text/css", "terrace.js": "text/javascript", "terrace.svg": "image/svg+xml"}
_STEPS = ((60, "s"), (60, "min"), (24, "h"))


class Asset(NamedTuple):
    """A file of ours that pages need, and what names its content."""

    data: bytes
    media: str
    mark: str


class Text(NamedTuple):
    """A value as it is written. `kind` is what sort it is, for its colour; `items` those of a list of plain values."""

    text: str
    kind: str
    items: tuple[str, ...] = ()


def assets() -> dict[str, Asset]:
    """The files that pages need, by name."""
    folder = files("terrace.server.pages") / "assets"
    found = {name: (folder / name).read_bytes() for name in _ASSETS}
    return {
        name: Asset(data, f"{_ASSETS[name]}; charset=utf-8", hashlib.sha256(data).hexdigest()[:12])
        for name, data in found.items()
    }


class Drawing:
    """Draws pages. `tokens`: whether callers sign in."""

    def __init__(self, sessions: Sessions, *, tokens: bool, now: Callable[[], datetime] | None = None) -> None:
        self.assets = assets()
        self.now = now or (lambda: datetime.now(UTC))
        self._sessions = sessions
        self._tokens = tokens
        self._templates = Environment(
            loader=PackageLoader("terrace.server.pages"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, auto_reload=False,
        )  # fmt: skip
        self._templates.globals.update(link=link, asset=self._asset, version=__version__)
        self._templates.filters.update(
            digest=digest, ago=self._ago, visible=visible, many=many, breaks=breaks, share=percent
        )  # fmt: skip

    def page(self, request: Request, template: str, context: Mapping[str, Any], status: int = 200) -> Response:
        """The page that a template makes for whoever asks."""
        admitted: Admitted | None = request.scope.get("terrace.admitted")
        session = request.scope.get(SESSION)
        shared = {
            "caller": admitted.caller if admitted is not None else None,
            "signed_in": session is not None,
            "sign_out_token": self._sessions.form_token(session.name) if session is not None else "",
            "tokens": self._tokens,
            "path": request.url.path,
        }
        text = self._templates.get_template(template).render(**shared, **context)
        return Response(text, status, _HEADERS, "text/html; charset=utf-8")

    def _asset(self, name: str) -> str:
        return f"{ASSETS}{name}?v={self.assets[name].mark}"

    def _ago(self, time: datetime | str) -> str:
        return ago(time, self.now())


def link(*parts: str, **query: object) -> str:
    """The path of a page, with each part and each parameter escaped; parameters that are empty are left out."""
    path = "/" + "/".join(quote(part, safe="") for part in parts)
    said = {name.removesuffix("_"): str(value) for name, value in query.items() if value not in ("", None, False)}
    return f"{path}?{urlencode(said)}" if said else path


def digest(text: str) -> str:
    """The first digits of a digest or a commit, as the command line shows them."""
    return text.removeprefix("sha256:")[:12]


def many(count: int, one: str, more: str = "") -> str:
    """`1 tenant`, `2 tenants`."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def ago(time: datetime | str, now: datetime) -> str:
    """How long ago it was, in the largest unit that fits."""
    if isinstance(time, str):
        try:
            time = datetime.fromisoformat(time)
        except ValueError:
            return "at a time that cannot be read"
    count = max(0, int((now - (time if time.tzinfo else time.replace(tzinfo=UTC))).total_seconds()))
    if count < 10:
        return "just now"
    for size, unit in _STEPS:
        if count < size:
            return f"{count} {unit} ago"
        count //= size
    return f"{count} {'day' if count == 1 else 'days'} ago"


def visible(text: str) -> str:
    """`text` with what would not be seen, or would turn the line around, written as `\\u202e`."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\n" else f"\\u{ord(each):04x}" for each in text)


def breaks(text: str, at: str) -> Markup:
    """`text`, which may go on in the next line behind each `at`. Whoever copies it gets it as it is."""
    return Markup(f"{at}<wbr>").join(visible(part) for part in text.split(at))


def text_of(value: object) -> Text:
    """How a value is written on a page. A text that could be taken for something else stands in quotes."""
    if isinstance(value, bool):
        return Text("true" if value else "false", "switch")
    if value is None:
        return Text("null", "none")
    if isinstance(value, (int, float)):
        return Text(json.dumps(value), "number")
    if isinstance(value, str):
        return Text(visible(value if _is_plain(value) else json.dumps(value, ensure_ascii=False)), "text")
    if isinstance(value, list) and value and not any(isinstance(item, (dict, list)) for item in value):
        return Text("", "list", tuple(text_of(item).text for item in value))
    if not value:
        return Text("{}" if isinstance(value, dict) else "[]", "none")
    return Text(visible(json.dumps(value, indent=2, ensure_ascii=False)), "code")


def _is_plain(text: str) -> bool:
    if not text or text != text.strip() or "\n" in text or text[0] in "\"'[{":
        return False
    try:
        return isinstance(json.loads(text), str)
    except ValueError:
        return True
