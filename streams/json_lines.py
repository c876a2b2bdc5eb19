"""Log lines as JSON: one object a line, for programs.

Invariant: whatever is logged becomes one line that is a JSON object in UTF-8 (RFC 8259), with the
fields `time`, `level`, `logger` and `message`. A value that JSON does not have is written as text,
and never loses the line.
"""

import datetime as dt
import logging
import math
import sys
from typing import Any

import orjson

FIELDS = ("time", "level", "logger", "message")
"""The fields of every line, in their order."""

_DEEPEST = 8
"""Levels of objects and lists in an extra field; what is deeper is written as text."""

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""The attributes of every record. All others are extras of the call that logged."""


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object.

    Extras are fields of their own. A traceback is the field `exception`, and a stack is `stack`. An
    extra of the name of another field gets `extra_` in front.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON, without a line end."""
        fields = line(record.created, record.levelname, record.name, _message(record))
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            fields["exception"] = _plain(record.exc_text)
        if record.stack_info:
            fields["stack"] = _plain(record.stack_info)
        for name, value in vars(record).items():
            if name not in _OWN:
                fields[f"extra_{name}" if name in fields else name] = _plain(value)
        return orjson.dumps(fields).decode()


def line(at: float, level: str, logger: str, message: str) -> dict[str, Any]:
    """The fields of a line.

    Args:
        at: seconds since the epoch.
        level: the level's name, in any case.
        logger: the name of the logger.
        message: the message.
    """
    time = dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds")
    values = (time.replace("+00:00", "Z"), level.lower(), _text(logger), _text(message))
    return dict(zip(FIELDS, values, strict=True))


def tell(text: str, *, level: str, at: float, as_json: bool) -> None:
    """Write a line of a command to stderr: as `cleanwire: TEXT`, or as an object of JSON."""
    if as_json:
        text = orjson.dumps(line(at, level, "cleanwire", text)).decode()
    else:
        text = f"cleanwire: {text}"
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - wrong arguments of a call that logs must not lose its line
        return f"{record.msg} {record.args!r}"


def _plain(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - whatever was logged
    """A value as JSON has it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 1 << 63:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if depth < _DEEPEST:
        if isinstance(value, dict):
            return {_text(key): _plain(entry, depth + 1) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return [_plain(entry, depth + 1) for entry in value]
    return _text(value)


def _text(value: object) -> str:
    try:
        text = str(value)
    except Exception:  # noqa: BLE001 - an object that cannot be written must not lose its line
        text = f"<{type(value).__name__}>"
    # A lone surrogate, as of a file's name that is no UTF-8, is not in UTF-8.
    return text.encode("utf-8", "backslashreplace").decode()
