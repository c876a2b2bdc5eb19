"""Keeps the store below its bounds in bytes and in age.

Invariants:

- The files of the store, write-ahead log included, stay below `most_bytes`. SQLite itself refuses
  to let the main file grow over its part of them (`max_page_count`).
- The oldest outcomes go first, in small transactions, so that no step takes long.
"""

import dataclasses
import datetime as dt
import sqlite3

from streams.web.store import figures
from streams.web.store.rows import DOOMED, Words, delete
from streams.web.store.schema import SLOTS

STEP_ROWS = 200
VACUUM_PAGES = 256
LOG_PAGES = 1000
"""Pages of the write-ahead log after which it is written back: 4 MB. Its file can be larger after a
large transaction, and is cut to `LOG_BYTES` afterwards."""

LOG_BYTES = 8 << 20
LOG_ROOM = 16 << 20
"""Bytes of the bound that are left to the write-ahead log and its index. The log is as large as
the pages of one transaction, on top of `LOG_PAGES`."""

MOST_SLACK = 64 << 20
"""Bytes below the bound of the main file from which the oldest are deleted, at most."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The bounds of a store.

    Attributes:
        most_bytes: of all its files together.
        age: how long an outcome is kept.
    """

    most_bytes: int
    age: dt.timedelta

    def oldest(self, now: int) -> int:
        """The time before which outcomes expire; both in milliseconds since the epoch."""
        return now - round(1000 * self.age.total_seconds())


def configure(connection: sqlite3.Connection, bounds: Bounds) -> None:
    """Set the options of a connection that depend on the bounds."""
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    most = (bounds.most_bytes - LOG_ROOM) // page
    # A file that is larger already, because the bound was lowered, keeps its size until it shrinks.
    connection.execute(f"PRAGMA max_page_count = {most}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")


def _slack(share: int) -> int:
    """Bytes that the next outcomes and the merges of the full-text index may need for a while."""
    return max(share // 16, min(share // 4, MOST_SLACK))


def trim_step(
    connection: sqlite3.Connection, words: Words, bounds: Bounds, now: int
) -> tuple[int, bool]:
    """Delete some of the oldest outcomes if the store is over a bound.

    Args:
        connection: outside a transaction.
        words: its full-text index.
        bounds: the bounds.
        now: milliseconds since the epoch.

    Returns:
        How many outcomes were deleted, and whether there may be more to delete.
    """
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    share = bounds.most_bytes - LOG_ROOM
    is_full = (pages - free) * page > share - _slack(share)
    oldest = bounds.oldest(now)
    where = "" if is_full else f"WHERE row < {SLOTS * oldest}"
    doomed = connection.execute(
        f"SELECT {DOOMED} FROM outcome {where} ORDER BY row LIMIT {STEP_ROWS}"  # noqa: S608 - literals and numbers
    ).fetchall()
    if doomed:
        connection.execute("BEGIN IMMEDIATE")
        delete(connection, words, doomed)
        figures.forget(connection, oldest, now)
        connection.execute("DELETE FROM withdrawal WHERE at < ?", (oldest,))
        connection.execute("COMMIT")
    if is_full or pages * page > share:
        connection.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()
    return len(doomed), bool(doomed) or (pages * page > share and free > 0)
