"""Logging of a worker: one line for each change of state, no page bodies, no credentials.

Invariant: a message that repeats is logged once. While a broker is away, its clients log the same
error a thousand times a minute, and the first one says everything.
"""

import logging
import time
from typing import Any

QUIET_SECONDS = 300.0
"""The same message is logged again after this time at the earliest."""


class RepeatFilter(logging.Filter):
    """Passes a message once, and again only after `QUIET_SECONDS`.

    Two records are the same message if logger, level and format string are the same, whatever
    their arguments.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last_logged: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log the record."""
        key = (record.name, record.levelno, str(record.msg))
        now = time.monotonic()
        last = self._last_logged.get(key)
        if last is not None and now - last < QUIET_SECONDS:
            return False
        self._last_logged[key] = now
        # The traceback of a client's retry adds nothing: the line says what happened.
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
        # Faust's services log their start and stop under the names of our modules.
        "streams.state.table": {"level": "WARNING"},
        "streams.runtime.app": {"level": "WARNING"},
        "streams.runtime.consumer": {"level": "WARNING"},
        "streams.runtime.flow_control": {"level": "WARNING"},
        "streams.web.view": {"level": "WARNING"},
    },
    "root": {"level": "WARNING", "handlers": ["stderr"]},
}
