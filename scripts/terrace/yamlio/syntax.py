"""What libyaml objects to, in words that help the person who wrote the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from terrace.model.source import Span

if TYPE_CHECKING:
    from yaml.error import MarkedYAMLError

    from terrace.yamlio.libyaml import Mark


class Explained(NamedTuple):
    """A problem in our words, and the text it is about."""

    code: str
    message: str
    hint: str
    span: Span


class _Words(NamedTuple):
    message: str
    hint: str
    at_context: bool = False


_INDENT = "Check the indentation: entries of one map or list begin in the same column."
_QUOTE = "Put the text in quotes if it holds ': ', ' #' or begins with a sign."
_CLOSE = "Close it, and put commas between its entries."
_ESCAPE = "Write \\\\ for a backslash, or use single quotes, where a backslash is an ordinary character."
# In the order in which they are tried; libyaml's texts, spelling mistakes and all.
_PROBLEMS: tuple[tuple[str, _Words], ...] = (
    ("mapping values are not allowed", _Words("a ':' cannot stand here", f"{_QUOTE} {_INDENT}")),
    ("could not find expected ':'", _Words("a ':' is missing after this key", f"{_QUOTE} {_INDENT}", True)),
    ("found unexpected end of stream", _Words("the quote that opens here is never closed", "Close it.", True)),
    (
        "found unexpected document indicator",
        _Words("the quote that opens here is not closed before the document ends", "Close it.", True),
    ),
    ("did not find expected ',' or ']'", _Words("the [ that opens here is not closed properly", _CLOSE, True)),
    ("did not find expected ',' or '}'", _Words("the { that opens here is not closed properly", _CLOSE, True)),
    ("did not find expected node content", _Words("a value is missing here", "Write one, or remove the comma.")),
    ("did not find expected key", _Words("this is not an entry of the map around it", _INDENT)),
    ("did not find expected '-' indicator", _Words("this is not an entry of the list around it", _INDENT)),
    ("block sequence entries are not allowed", _Words("a list cannot begin here", "Begin it in a new line.")),
    ("mapping keys are not allowed", _Words("a key cannot stand here", _INDENT)),
    ("did not find expected <document start>", _Words("nothing may follow the value of the document", _INDENT)),
    ("found unknown escape character", _Words("this escape does not exist", _ESCAPE)),
    ("hexdecimal number", _Words("this escape needs hexadecimal digits", _ESCAPE)),
    ("indentation indicator equal to 0", _Words("a block scalar cannot be indented by 0", "Use 1 to 9, or none.")),
    ("comment or line break", _Words("only a comment may follow here", "Begin the text in the next line.")),
    ("incompatible YAML document", _Words("the file asks for another version of YAML", "Remove the %YAML line.")),
    ("undefined tag handle", _Words("tags are not read", "Leave the tag out.")),
    (
        "alphabetic or numeric",
        _Words("& and * name anchors and aliases, which are not read", "Put the text in quotes."),
    ),
)
_SURROGATE = "found invalid Unicode character escape code"
_TAB = re.compile(r"[ \-?:]*(\t+)[ \t]*")


def explain(text: str, error: MarkedYAMLError) -> Explained:
    """The finding that a parser's error becomes."""
    problem = error.problem or ""
    mark: Mark | None = error.problem_mark or error.context_mark
    if mark is None:
        return Explained("SYN004", problem or "this is not YAML", "", Span(1, 1, 1, 1))
    if _SURROGATE in problem:
        message = "this escape does not name a character"
        return Explained("SYN014", message, "Write the character itself, or \\UXXXXXXXX beyond U+FFFF.", _here(mark))
    tab = _tab(text, mark)
    if tab is not None:
        return Explained("SYN004", "a tab cannot indent", "Use spaces.", tab)
    if problem == "found character that cannot start any token":
        character = text[mark.index : mark.index + 1]
        return Explained("SYN004", f"a value cannot begin with {character}", "Put it in quotes.", _here(mark))
    if problem == "did not find expected key" and text.startswith(":", mark.index):
        return Explained("SYN007", "a key is missing before the ':'", 'Name it; "" is the empty key.', _here(mark))
    for part, words in _PROBLEMS:
        if part in problem:
            code = "SYN008" if "tag" in part else "SYN009" if "alphabetic" in part else "SYN004"
            at = error.context_mark if words.at_context and error.context_mark is not None else mark
            return Explained(code, words.message, words.hint, _here(at))
    return Explained("SYN004", problem, "", _here(mark))


def _here(mark: Mark) -> Span:
    return Span(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)


def _tab(text: str, mark: Mark) -> Span | None:
    """The tab in the indentation of the line of `mark`, or of the line before it."""
    begin = mark.index - mark.column
    earlier = max(text.rfind("\n", 0, max(begin - 1, 0)), text.rfind("\r", 0, max(begin - 2, 0))) + 1
    for line, start in ((mark.line, begin), (mark.line - 1, earlier)):
        match = _TAB.match(text, start) if line >= 0 else None
        if match:
            column = match.start(1) - start + 1
            return Span(line + 1, column, line + 1, column + len(match[1]))
    return None
