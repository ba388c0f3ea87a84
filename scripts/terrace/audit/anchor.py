"""The head of the log, as it is kept somewhere else: a log that was cut shorter than that is seen to be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_WRITTEN = re.compile(r'\[terrace@\d+ key="([0-9a-f]{16})" seq="(\d{1,18})" mac="([0-9a-f]{64})"\]')
# The enterprise number that RFC 5612 sets aside for examples: we have none of our own.
_ENTERPRISE = 32473


class Anchor(NamedTuple):
    """One head of one log: the name of its key, the number of the last record, and that record's seal."""

    key: str
    sequence: int
    mac: str

    def __str__(self) -> str:
        """The anchor as structured data of RFC 5424, which is also how a file of anchors holds it."""
        return f'[terrace@{_ENTERPRISE} key="{self.key}" seq="{self.sequence}" mac="{self.mac}"]'


def anchors_in(text: str) -> Iterator[Anchor]:
    """Every anchor in `text`: a syslog file, a release record, or a file of anchors, one a line."""
    for found in _WRITTEN.finditer(text):
        yield Anchor(found[1], int(found[2]), found[3])
