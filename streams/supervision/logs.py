"""Logging of a worker: one line for each change of state, no page bodies, no credentials.

Invariants:

- A message that repeats is logged once. While a broker is away, its clients log the same error a
  thousand times a minute, and the first one says everything.
- Libraries are never logged below WARNING. At DEBUG a client logs the bytes that it sends and
  receives, hence pages and logins.
"""

import logging
import logging.config
import sys
import threading
import time
from types import TracebackType
from typing import Any

from streams.settings import Settings

QUIET_SECONDS = 300.0
"""The same message is logged again after this time at the earliest."""

MOST_MESSAGES = 1000
"""Messages that are remembered, apart from those that were logged within `QUIET_SECONDS`."""

REPORTS = frozenset({"streams.supervision.activity"})
"""Loggers whose messages are figures, new each time."""


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
        if record.name in REPORTS:
            return True
        key = (record.name, record.levelno, str(record.msg))
        now = time.monotonic()
        last = self._last_logged.get(key)
        if last is not None and now - last < QUIET_SECONDS:
            return False
        if len(self._last_logged) >= MOST_MESSAGES:
            latest = {k: at for k, at in self._last_logged.items() if now - at < QUIET_SECONDS}
            self._last_logged = latest
        self._last_logged[key] = now
        # The traceback of a client's retry adds nothing: the line says what happened.
        record.exc_info = None if record.name.startswith("aiokafka") else record.exc_info
        return True


def configuration(settings: Settings, file: str | None = None) -> dict[str, Any]:
    """What `logging.config.dictConfig` takes.

    Args:
        settings: the format of the lines and their least level.
        file: a file to log to; None for stderr.
    """
    level = settings.log_level.upper()
    libraries = "ERROR" if level == "ERROR" else "WARNING"
    handler: dict[str, object] = {"formatter": settings.log_format, "filters": ["true", "once"]}
    if file is None:
        handler |= {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
    else:
        handler |= {"class": "logging.FileHandler", "filename": file}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "true": {"()": "streams.supervision.false_alarms.FalseAlarmFilter"},
            "once": {"()": "streams.supervision.logs.RepeatFilter"},
        },
        "formatters": {
            "human": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
            "json": {"()": "streams.json_lines.JsonFormatter"},
        },
        "handlers": {"lines": handler},
        "loggers": {"streams": {"level": level}},
        "root": {"level": libraries, "handlers": ["lines"]},
    }


def set_up(settings: Settings) -> dict[str, Any]:
    """Log as the settings say, from now on; returns the configuration.

    As JSON, what Python itself would write to stderr is logged too: warnings, and the traceback of
    an exception that ends a thread or the process.
    """
    found = configuration(settings)
    logging.config.dictConfig(found)
    if settings.log_format == "json":
        logging.captureWarnings(capture=True)
        sys.excepthook = _log_exception
        threading.excepthook = _log_thread_exception
    return found


def _log_exception(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if not issubclass(kind, Exception):
        sys.__excepthook__(kind, error, traceback)
        return
    # The line itself is the template: two errors are no repeat of one message.
    line = f"{kind.__name__}: {error}"
    logging.getLogger("python").critical(line, exc_info=(kind, error, traceback))


def _log_thread_exception(of: threading.ExceptHookArgs) -> None:
    if of.exc_value is not None:
        _log_exception(of.exc_type, of.exc_value, of.exc_traceback)
