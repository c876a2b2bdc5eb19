"""Logging of a worker: one line a change of state, no page bodies, no credentials.

Invariant: what repeats is said once. A broker that is away makes its clients log the
same error a thousand times a minute; the first one says it all.
"""

import logging
import time
from typing import Any

QUIET_SECONDS = 300.0
"""A message is repeated after so long at the earliest."""


class RepeatFilter(logging.Filter):
    """Passes a message once; the same again only after `QUIET_SECONDS`."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is news."""
        key = (record.name, record.levelno, str(record.msg))
        now = time.monotonic()
        last = self._said.get(key)
        if last is not None and now - last < QUIET_SECONDS:
            return False
        self._said[key] = now
        # A traceback of a client's retry is noise; the line says what happened.
        record.exc_info = None if record.name.startswith("aiokafka") else record.exc_info
        return True


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"once": {"()": "streams.supervision.logs.RepeatFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stderr",
            "formatter": "line",
            "filters": ["once"],
        }
    },
    "loggers": {
        "streams": {"level": "INFO"},
        # Faust's services log their coming and going under the names of our modules.
        "streams.state.table": {"level": "WARNING"},
        "streams.runtime.app": {"level": "WARNING"},
        "streams.runtime.consumer": {"level": "WARNING"},
        "streams.runtime.flow_control": {"level": "WARNING"},
        "streams.web.view": {"level": "WARNING"},
    },
    "root": {"level": "WARNING", "handlers": ["stderr"]},
}
