"""From bytes to text: encoding, byte order marks, and characters that cannot stand in YAML."""

from __future__ import annotations

import re

from terrace.model.findings import Finding, Severity
from terrace.model.source import Location, Span
from terrace.yamlio.limits import MAX_BYTES, MAX_FINDINGS

_ORDINARY = bytes((0x09, 0x0A, 0x0D, *range(0x20, 0x7F)))
_BOMS = (
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\xfe\xff", "UTF-16"),
    (b"\xff\xfe", "UTF-16"),
)
_UTF8_BOM = b"\xef\xbb\xbf"
# Control characters, DEL and C1, the line breaks that only YAML 1.1 knows, byte order marks, noncharacters.
_FORBIDDEN = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]"
_NAMES = {0x85: "next line", 0x2028: "line separator", 0x2029: "paragraph separator", 0xFEFF: "byte order mark"}
_BREAKS = (0x85, 0x2028, 0x2029)
_STAND_IN = "\ufffd"


def decode(path: str, data: bytes) -> tuple[str | None, list[Finding]]:
    """The text of a file, None if it has none, and what is wrong with its characters.

    In the text of a file with findings the offending characters are replaced, one by one, so that the rest of it
    can be looked at and positions hold.
    """
    if len(data) > MAX_BYTES:
        message = f"the file has {len(data):,} bytes; the limit is {MAX_BYTES:,}"
        return None, [Finding("SYN003", Severity.ERROR, message, Location(path), hint="Split the file.")]
    if not data.translate(None, _ORDINARY):
        return data.decode("ascii"), []
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return None, [_not_utf8(path, f"the file is {encoding}, not UTF-8", Span(1, 1, 1, 1))]
    findings = []
    if data.startswith(_UTF8_BOM):
        hint = "Save the file as UTF-8 without BOM."
        message = "the file begins with a byte order mark (BOM)"
        findings.append(Finding("SYN002", Severity.ERROR, message, Location(path, Span(1, 1, 1, 1)), hint=hint))
        data = data[3:]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _position(data[: error.start].decode("utf-8"))
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8"
        return None, [*findings, _not_utf8(path, message, Span(line, column, line, column + 1))]
    forbidden = re.compile(_FORBIDDEN)
    if forbidden.search(text) is None:
        return text, findings
    for match in forbidden.finditer(text):
        findings.append(_forbidden(path, text, match.start()))
        if len(findings) >= MAX_FINDINGS:
            break
    return forbidden.sub(_STAND_IN, text), findings


def _not_utf8(path: str, message: str, span: Span) -> Finding:
    hint = "Save the file as UTF-8."
    return Finding("SYN001", Severity.ERROR, message, Location(path, span), hint=hint)


def _forbidden(path: str, text: str, index: int) -> Finding:
    code = ord(text[index])
    name = f"U+{code:04X}" + (f" ({_NAMES[code]})" if code in _NAMES else "")
    line, column = _position(text[:index])
    if code in _BREAKS:
        message = f"readers disagree about the character {name}: a line break to some of them"
    else:
        message = f"the character {name} cannot stand in YAML"
    hint = f'Remove it, or write it as "\\u{code:04x}" in a value in double quotes.'
    return Finding("SYN014", Severity.ERROR, message, Location(path, Span(line, column, line, column + 1)), hint=hint)


def _position(before: str) -> tuple[int, int]:
    """Line and column of the character after `before`."""
    lines = before.replace("\r\n", "\n").replace("\r", "\n")
    return lines.count("\n") + 1, len(lines) - lines.rfind("\n")
