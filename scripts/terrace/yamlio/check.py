"""The exact look at a text: its value, or everything that is wrong with it, each at its place."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from yaml.error import YAMLError
from yaml.tokens import AliasToken, AnchorToken, DirectiveToken, TagToken

from terrace.model.findings import Finding, Related, Severity
from terrace.model.source import Location, Pointer, Span, dotted
from terrace.yamlio import libyaml
from terrace.yamlio.limits import MAX_FINDINGS
from terrace.yamlio.positions import Composed, Node, compose
from terrace.yamlio.scalars import Refused, resolve
from terrace.yamlio.strict import indentation, sign
from terrace.yamlio.syntax import explain

if TYPE_CHECKING:
    from yaml.tokens import Token

    from terrace.yamlio.read import Value

_TAG_HINT = "Leave the tag out: values are read by the core schema of YAML 1.2, and text is quoted."
_ANCHOR_HINT = "Write the value out, or set it once in a weaker layer (base, an environment, a group)."
_USES_SHOWN = 3
_MERGE_HINT = (
    "Write the keys out, or set them once in a weaker layer (base, an environment, a group); quote '<<' as text."
)


def check(path: str, text: str, *, any_value: bool = False) -> tuple[Value, list[Finding]]:
    """The value of `text` (None with findings), and what is wrong with it. Only `any_value` may be other than a map."""
    composed = compose(text)
    report = _Report(path)
    for number, root in enumerate(composed.roots):
        report.walk(root, () if number == 0 else None)
        report.indentation(text, root, composed)
    report.signs(text, composed.end)
    report.whole(text, composed, any_value=any_value)
    if report.findings:
        return None, _sorted(report.findings)
    return (value_of(composed.roots[0]) if composed.roots else None), []


def value_of(node: Node) -> Value:
    """The value of a node in a document without findings."""
    if node.kind == "mapping":
        return {key.text: value_of(value) for key, value in node.items if key is not None}
    if node.kind == "sequence":
        return [value_of(value) for _, value in node.items]
    if node.style:
        return node.text
    value = resolve(node.text)
    return None if isinstance(value, Refused) else value


class _Report:
    """Collects the findings of one text."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self.explained = False
        self.anchors: dict[str, int] = {}
        self.starts: list[tuple[int, Pointer | None]] = []

    def add(
        self, code: str, message: str, span: Span, pointer: Pointer | None, hint: str, related: tuple[Related, ...] = ()
    ) -> None:
        at = Location(self.path, span)
        self.findings.append(Finding(code, Severity.ERROR, message, at, pointer, hint, related))

    def walk(self, node: Node, pointer: Pointer | None) -> None:
        """Look at a node and everything below it. Without a pointer it stands where pointers mean nothing."""
        self.starts.append((node.start, pointer))
        if node.kind == "mapping":
            self._mapping(node, pointer)
        elif node.kind == "sequence":
            for index, (_, value) in enumerate(node.items):
                self.walk(value, None if pointer is None else (*pointer, index))
        elif node.kind == "scalar" and not node.style:
            refused = resolve(node.text)
            if isinstance(refused, Refused):
                self.add(refused.code, refused.message, node.span, pointer, refused.hint)

    def _mapping(self, node: Node, pointer: Pointer | None) -> None:
        first: dict[str, Node] = {}
        for key, value in node.items:
            if key is None:
                continue
            name = self._key(key, value, pointer)
            inner = None if pointer is None or name is None else (*pointer, name)
            if name is not None and (earlier := first.setdefault(name, key)) is not key:
                related = (Related(Location(self.path, earlier.span), "first set here"),)
                message = f"the key {dotted((name,))} stands twice in one map"
                hint = f"Keep one of them (the first is in line {earlier.span.line})."
                self.add("SYN006", message, key.span, inner, hint, related)
            self.starts.append((key.start, pointer if name is None else inner))
            if name is not None or value.kind != "alias":
                self.walk(value, inner)

    def _key(self, key: Node, entry: Node, pointer: Pointer | None) -> str | None:
        """The name that a key's node gives, None with a finding if it gives none."""
        if key.kind == "alias":
            return None
        if key.kind != "scalar":
            word = "map" if key.kind == "mapping" else "list"
            hint = "Write a name; text that begins with a bracket or a brace is quoted."
            self.add("SYN007", f"a {word} cannot be a key", key.span, pointer, hint)
            return None
        if key.style:
            return key.text
        if key.text == "<<":
            if entry.kind == "alias" or any(item.kind == "alias" for _, item in entry.items):
                return None  # the alias is the mistake, and is found with its anchor
            self.add("SYN009", "merge keys (<<) are not read", key.span, pointer, _MERGE_HINT)
            return None
        value = resolve(key.text)
        if isinstance(value, str):
            return value
        if not key.text:
            self.add("SYN007", "a key is missing before the ':'", key.span, pointer, 'Name it; "" is the empty key.')
            return None
        word = "a number" if isinstance(value, Refused) or type(value) in (int, float) else "not text"
        hint = f'Quote it: "{key.text}".'
        self.add("SYN007", f"the key {key.text[:40]} is {word}, and keys are text", key.span, pointer, hint)
        return None

    def indentation(self, text: str, root: Node, composed: Composed) -> None:
        """Find lines that stand too far left; what was never closed has no last line to look at."""
        for oddity in indentation(text, root, -1, closed=composed.problem is None):
            self.add("SYN004", oddity.message, oddity.span, None, oddity.hint)
            self.explained = self.explained or oddity.misleads

    def signs(self, text: str, end: int) -> None:
        """Find tags, anchors, aliases and odd signs: the parser hides some of them, the scanner shows every one."""
        self.starts.sort(key=lambda start: start[0])
        offsets = [start for start, _ in self.starts]
        found = 0
        try:
            for token in libyaml.tokens(text):
                found += self._sign(text, token, offsets)
                # Beyond the place where composing ended, the scanner's time is quadratic in the depth.
                if found > MAX_FINDINGS or libyaml.marks(token)[0].index > end:
                    break
        except YAMLError:
            # The same problem ended the composing, and is reported there.
            return

    def _sign(self, text: str, token: Token, offsets: list[int]) -> bool:
        problem = _describe(token) or sign(text, token)
        if problem is None:
            return False
        start, end = libyaml.marks(token)
        before = bisect_right(offsets, start.index)
        pointer = self.starts[before - 1][1] if before else None
        span = problem[3] if len(problem) == 4 else Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)
        if isinstance(token, AliasToken) and token.value in self.anchors:
            self._use(self.anchors[token.value], span)
            return False
        if isinstance(token, AnchorToken):
            self.anchors[token.value] = len(self.findings)
        self.add(*problem[:2], span, pointer, problem[2])
        return True

    def _use(self, anchor: int, span: Span) -> None:
        """Note at the finding of an anchor that it is used: one mistake, however many aliases it has."""
        finding = self.findings[anchor]
        if len(finding.related) < _USES_SHOWN:
            used = Related(Location(self.path, span), "and used here")
            self.findings[anchor] = finding._replace(related=(*finding.related, used))

    def whole(self, text: str, composed: Composed, *, any_value: bool) -> None:
        """Look at what concerns the file as a whole: syntax, limits, how many documents, and that it is a map."""
        if composed.stopped is not None:
            self.add("SYN003", composed.stopped.message, composed.stopped.span, None, composed.stopped.hint)
            return
        for start in composed.starts[1:]:
            self.add("SYN010", "a second document begins here", start, None, "Make it a file of its own.")
        if composed.problem is not None:
            code, message, hint, span = explain(text, composed.problem)
            repeated = code in ("SYN008", "SYN009") and any(found.code == code for found in self.findings)
            if not self.explained and not repeated:
                self.add(code, message, span, None, hint)
        elif not any_value:
            self._top(composed)

    def _top(self, composed: Composed) -> None:
        hint = "Write 'key: value', or {} for a file that sets nothing."
        root = composed.roots[0] if composed.roots else None
        if root is None or (root.kind == "scalar" and root.start == root.end):
            span = root.span if root is not None and root.span.line > 1 else Span(1, 1, 1, 1)
            self.add("SYN011", "the file holds no values", span, (), hint)
        elif root.kind == "sequence":
            self.add("SYN011", "the file holds a list, not a map", root.span, (), hint)
        elif root.kind == "scalar":
            self.add("SYN011", "the file holds a single value, not a map", root.span, (), hint)


def _describe(token: Token) -> tuple[str, str, str] | None:
    if isinstance(token, TagToken):
        handle, suffix = token.value
        return "SYN008", f"tags are not read ({handle or ''}{suffix or ''})", _TAG_HINT
    if isinstance(token, AnchorToken):
        return "SYN009", f"anchors are not read (&{token.value})", _ANCHOR_HINT
    if isinstance(token, AliasToken):
        return "SYN009", f"aliases are not read (*{token.value})", _ANCHOR_HINT
    if isinstance(token, DirectiveToken) and token.name == "YAML" and tuple(token.value) != (1, 2):
        version = ".".join(map(str, token.value))
        return "SYN004", f"the file asks for YAML {version}; it is read as YAML 1.2", "Remove the %YAML line."
    if isinstance(token, DirectiveToken) and token.name == "TAG":
        return "SYN008", "tag directives are not read (%TAG)", _TAG_HINT
    return None


def _sorted(findings: list[Finding]) -> list[Finding]:
    findings = sorted(findings, key=lambda finding: finding.order)
    left = len(findings) - MAX_FINDINGS
    if left > 0:
        last = findings[MAX_FINDINGS - 1]
        findings[MAX_FINDINGS - 1 :] = [last._replace(hint=f"{last.hint} {left:,} more are not listed.".strip())]
    return findings
