"""Where a file in any language asks for flags, by its text: calls of the names in OpenFeature's SDKs, keys in quotes.

Text is not understood: a call in a comment counts, and one whose key is not written in it does not.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator

from terrace.flags.code.reference import Found, Reference
from terrace.model.source import Span

LANGUAGES = {
    ".py": "Python", ".pyi": "Python", ".js": "JavaScript", ".jsx": "JavaScript", ".mjs": "JavaScript",
    ".cjs": "JavaScript", ".ts": "TypeScript", ".tsx": "TypeScript", ".mts": "TypeScript", ".vue": "Vue",
    ".svelte": "Svelte", ".go": "Go", ".java": "Java", ".kt": "Kotlin", ".kts": "Kotlin", ".scala": "Scala",
    ".groovy": "Groovy", ".cs": "C#", ".fs": "F#", ".vb": "Visual Basic", ".rb": "Ruby", ".erb": "Ruby", ".php": "PHP",
    ".rs": "Rust", ".swift": "Swift", ".dart": "Dart", ".ex": "Elixir", ".exs": "Elixir", ".c": "C", ".h": "C",
    ".cc": "C++", ".cpp": "C++", ".hpp": "C++", ".html": "HTML",
}  # fmt: skip

_KEY = r"[\w.:-]{1,100}"
_QUOTED = rf"[\"'`](?P<key>{_KEY})[\"'`]"
_GAP = r"\s{0,80}"
_TYPE = "bool(?:ean)?|string|number|int(?:eger)?|long|float|double|object|struct"
_VALUE = r"(?:value_?details|value|details)(?:_?async)?"
_CONTEXT = rf"[\w.]{{1,60}}(?:\(\))?{_GAP},{_GAP}"
_DEFAULT = (
    rf"{_GAP},(?:{_GAP}(?:default_?value{_GAP}[:=]{_GAP})?"
    r"(?P<default>[^\s,(){}\[\]\"'`]{1,80}|\"[^\"\n]{0,80}\"|'[^'\n]{0,80}'|`[^`\n]{0,80}`))?"
)
_CALL = re.compile(
    # getBooleanValue, GetBooleanValueAsync, get_bool_value, fetch_boolean_details, useBooleanFlagValue; and Go's
    # BooleanValue, which takes a context first. All of them need a default, so what has none is something else.
    rf"(?<![A-Za-z0-9])(?:(?:get_?|fetch_|use)(?P<type>{_TYPE})_?(?:flag)?_?{_VALUE}(?:<[^<>()\n]{{1,60}}>)?{_GAP}\({_GAP}"
    rf"(?:{_CONTEXT})?|(?P<short>{_TYPE}){_VALUE}\({_GAP}{_CONTEXT})"
    rf"(?:(?:flag_?key|key|name){_GAP}[:=]{_GAP})?{_QUOTED}{_DEFAULT}",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    # Go again, still shorter; React's hook, its component, and decorators, which name no type.
    rf"(?:\.(?P<type>Boolean|String|Int|Float|Object)\({_GAP}{_CONTEXT}{_QUOTED}{_DEFAULT}"
    rf"|\buse(?:Suspense)?Flag(?:<[^<>()\n]{{1,60}}>)?\({_GAP}[\"'`](?P<hook>{_KEY})[\"'`]{_GAP},"
    rf"|\bflagKey{_GAP}[:=]{_GAP}\{{?{_GAP}[\"'`](?P<named>{_KEY})[\"'`])"
)
_NAMED = re.compile(r"(?<=[\"'`])[^\s\"'`\\/]{1,100}+(?=[\"'`])")
_MAY_CALL = re.compile(rf"(?:{_TYPE})_?(?:flag)?_?(?:value|details)", re.IGNORECASE)
_TYPES = {
    "bool": "boolean", "int": "integer", "long": "integer", "double": "float", "struct": "object",
}  # fmt: skip


def language_of(path: str) -> str:
    """The language of a file, by the end of its name; empty where it is none of those known."""
    dot = path.rfind(".")
    return LANGUAGES.get(path[dot:].lower(), "") if dot >= 0 else ""


def asks(text: str) -> bool:
    """Whether there may be a call in it."""
    return _MAY_CALL.search(text) is not None


def found_in_text(path: str, text: str, keys: Collection[str], *, calls: bool = True) -> Found:
    """Every call with its key, and every one of `keys` that stands in quotes elsewhere."""
    lines = _Lines(text)
    language = language_of(path)
    references = list(_calls(path, text, language, lines)) if calls else []
    called = {(each.key, each.span.line) for each in references}
    for match in _NAMED.finditer(text):
        if match[0] in keys:
            span = lines.span(match.start(), match.end())
            if (match[0], span.line) not in called:
                references.append(Reference(match[0], "name", path, span, language))
    return Found(tuple(sorted(references, key=lambda each: each.span)))


def _calls(path: str, text: str, language: str, lines: _Lines) -> Iterator[Reference]:
    taken: set[int] = set()
    if asks(text):
        for match in _CALL.finditer(text):
            taken.add(match.start("key"))
            yield _reference(path, match, "key", language, lines)
    for match in _OTHERS.finditer(text):
        group = match.lastgroup if match.lastgroup in ("hook", "named") else "key"
        if match.start(group) not in taken:
            yield _reference(path, match, group, language, lines)


def _reference(path: str, match: re.Match[str], group: str, language: str, lines: _Lines) -> Reference:
    said = match.groupdict()
    kind = (said["type"] or said.get("short") or "").lower()
    asked = _TYPES.get(kind, kind)
    if asked == "float" and language in ("JavaScript", "TypeScript", "Vue", "Svelte"):
        asked = "number"
    # The place is that of the key: a call may begin some lines before it.
    span = lines.span(match.start(group), match.end(group))
    # What follows the key may go on for long; who reads it has the place.
    text = " ".join(match[0][: match.end(group) - match.start() + 1].split()) + ("" if group == "named" else ", …)")
    # Rust's calls take no default: what follows the key there is a context.
    default = "" if language == "Rust" else said["default"] or ""
    return Reference(match[group], "call", path, span, language, asked, default, text)


class _Lines:
    """Which line and column a place in a text has."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: list[int] | None = None

    def span(self, start: int, end: int) -> Span:
        """The stretch from `start` to `end`."""
        return Span(*self._at(start), *self._at(end))

    def _at(self, offset: int) -> tuple[int, int]:
        if self._starts is None:
            self._starts = [0, *(match.end() for match in re.finditer("\n", self._text))]
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
