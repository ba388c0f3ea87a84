"""The log of who opened which secrets: JSON lines, each sealed under a key and chained to the one before.

`Log.release` is how secrets are opened: it proves first that a record can be written, opens, writes the record, and
only then hands the values out. `Log.verify` says what was done to the log since, as far as that can be known.
"""

from terrace.audit.anchor import Anchor, anchors_in
from terrace.audit.log import Log, Written, default_folder
from terrace.audit.record import Opening, Record, Who, whoami
from terrace.audit.syslog import Syslog
from terrace.audit.verify import Problem, Verification

__all__ = [
    "Anchor",
    "Log",
    "Opening",
    "Problem",
    "Record",
    "Syslog",
    "Verification",
    "Who",
    "Written",
    "anchors_in",
    "default_folder",
    "whoami",
]
