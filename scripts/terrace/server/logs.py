"""What the server says of itself: lines of JSON on standard error, beside those of the access log."""

from __future__ import annotations

import logging
import os
import traceback
from datetime import UTC, datetime

import orjson


class Lines(logging.Formatter):
    """A record as one line of JSON. Of an exception it has the type and the places: its text may hold a value."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "process": os.getpid(),
            "message": record.getMessage(),
        }
        more = getattr(record, "said", None)
        if isinstance(more, dict):
            said |= {"said": more}
        if record.exc_info and record.exc_info[0] is not None:
            frames = traceback.extract_tb(record.exc_info[2])
            said["exception"] = record.exc_info[0].__name__
            said["at"] = [f"{os.path.basename(each.filename)}:{each.lineno} in {each.name}" for each in frames]  # noqa: PTH119
        return orjson.dumps(said, default=str).decode("utf-8")


def begin() -> None:
    """Write what this process logs to standard error from now on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    logging.getLogger().handlers[:] = [handler]
    for name, level in (("terrace", logging.INFO), ("uvicorn", logging.WARNING)):
        logging.getLogger(name).setLevel(level)
