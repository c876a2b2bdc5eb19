"""What an error of the database is about: a row, the moment, or the database as a whole.

Invariants:

- Only an error that is about a row may make a dead letter.
- No text that is made here has a value of a row in it, because it may be logged.
"""

import sqlite3
from typing import Literal

import sqlalchemy as sa

About = Literal["row", "moment", "database"]
"""`row`: this row is refused, now and later. `moment`: the same may succeed when it is tried again.
`database`: it cannot succeed until somebody changes something."""

_ROW = frozenset({"21", "22", "23", "27", "2F", "38", "39", "44", "54", "09", "P0"})
"""Classes of SQLSTATE (PostgreSQL, appendix A) that are about the values of a row."""

_MOMENT = frozenset({"08", "40", "53", "55", "57", "58", "XX"})
"""Classes that pass: connections, deadlocks, resources, locks, restarts, I/O."""

_DATABASE = frozenset(
    {"0A", "0B", "0F", "0L", "0P", "25", "26", "28", "2B", "2D", "34", "3B", "3D", "3F", "42", "72"}
    | {"F0", "HV"}
)
"""Classes that somebody has to change something for: rights, names, a stand-by that only reads."""

_SQLITE_ROW = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH})
_SQLITE_MOMENT = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_SQLITE_PRIMARY = 0xFF
"""The bits of an extended code that are its primary code."""


def about(error: Exception) -> About:
    """What an error that a statement raised is about."""
    if isinstance(error, sa.exc.DBAPIError) and error.orig is not None:
        if isinstance(error.orig, sqlite3.Error):
            return _of_sqlite(error.orig)
        return _of_sqlstate(error)
    if isinstance(error, sa.exc.StatementError) and error.orig is not None:
        # A value that the driver cannot send.
        return "row"
    return "row" if isinstance(error, OverflowError) else "database"


def _of_sqlite(error: sqlite3.Error) -> About:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return "row" if isinstance(error, sqlite3.DataError) else "database"
    primary = code & _SQLITE_PRIMARY
    if primary in _SQLITE_ROW:
        return "row"
    return "moment" if primary in _SQLITE_MOMENT else "database"


def _of_sqlstate(error: sa.exc.DBAPIError) -> About:
    state = sqlstate(error)
    if not state:
        if error.connection_invalidated or isinstance(
            error, sa.exc.OperationalError | sa.exc.InterfaceError
        ):
            return "moment"
        # The driver refuses a value before it sends it, such as a text with a NUL character.
        return "row" if isinstance(error, sa.exc.DataError) else "database"
    kind = state[:2]
    if kind in _MOMENT:
        return "moment"
    # A trigger may raise a code of its own. It is about the row.
    return "row" if kind in _ROW or kind not in _DATABASE else "database"


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE of an error of PostgreSQL; empty if it has none."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def reason(error: Exception) -> str:
    """Why a row was refused, for the table of dead letters: it may quote the row."""
    origin = getattr(error, "orig", None) or error
    message = getattr(getattr(origin, "diag", None), "message_primary", None) or str(origin)
    state = sqlstate(error)
    return " ".join(f"{f'{state}: ' if state else ''}{message}".replace("\0", " ").split())[:1000]


def gist(error: Exception) -> str:
    """What went wrong, in one line, without values of a row."""
    origin = getattr(error, "orig", None) or error
    state = sqlstate(error)
    if about(error) == "row":
        return f"{type(origin).__name__} {state or getattr(origin, 'sqlite_errorname', '')}".strip()
    message = getattr(getattr(origin, "diag", None), "message_primary", None) or str(origin)
    text = " ".join(message.split())[:300]
    return f"{text} ({state})" if state else text
