"""Enters outcomes into the store.

Invariants:

- Outcomes and the offsets that they were read up to are written in one transaction. So a record
  is entered once, whatever happens in between.
- A raw page has one row for each kind of outcome. An outcome that a redelivery repeats at another
  offset is entered once, and its row names the later record, which compaction keeps.
- One thread uses a writer.
"""

import dataclasses
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from streams.web.store import bounds, figures, rows, withdrawals
from streams.web.store.bounds import Bounds
from streams.web.store.model import OutcomeRecord, Place, Tombstone

MOST_STEPS = 8
"""Steps of deletion after a batch."""

EXPIRED_SHARE = 4
"""The full-text index is merged when one in so many rows has expired since the last time."""

Entry = OutcomeRecord | Tombstone


def now_ms() -> int:
    """Now, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Writer:
    """Writes to an open store.

    Args:
        connection: a connection in autocommit mode.
        limits: the bounds of the store.
        now: gives the time, in milliseconds since the epoch.
    """

    def __init__(
        self, connection: sqlite3.Connection, limits: Bounds, now: Callable[[], int] = now_ms
    ) -> None:
        self._connection = connection
        self._bounds = limits
        self._now = now
        self._names = rows.Names(connection)
        self._words = rows.Words(connection)
        self._withdrawals = withdrawals.Withdrawals(connection, self._words)
        self._expired = 0
        self._merge_at = self._next_merge()
        bounds.configure(connection, limits)

    def positions(self) -> Mapping[tuple[str, str, int], int]:
        """The next offset of each partition that was read, by topic, topic id and partition."""
        found = self._connection.execute(
            "SELECT topic, topic_id, partition, following FROM place WHERE following IS NOT NULL"
        )
        return {
            (topic, topic_id, number): following for topic, topic_id, number, following in found
        }

    def enter(self, batch: Sequence[Entry], read: Iterable[Place]) -> int:
        """Enter the records of a batch, in their order.

        Args:
            batch: the outcomes and takedowns.
            read: the offset after the last record that was read, of each partition.

        Returns:
            How many rows were added.

        Raises:
            sqlite3.Error: nothing was entered.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            added = self._enter(batch)
            for place in read:
                self._connection.execute(
                    "UPDATE place SET following = ? WHERE number = ?",
                    (place.offset, self._names.place(place)),
                )
            self._connection.execute("COMMIT")
        except BaseException:
            self._names.forget()
            self._words.forget()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._withdrawals.reload()
            raise
        return added

    def trim(self) -> bool:
        """Delete some outcomes that are over the bounds; returns whether there may be more."""
        for _ in range(MOST_STEPS):
            if self._expired >= self._merge_at:
                # The words of rows that expired take room until their segments are merged.
                withdrawals.merge(self._connection)
                self._expired, self._merge_at = 0, self._next_merge()
            expired, more = bounds.trim_step(
                self._connection, self._words, self._bounds, self._now()
            )
            self._expired += expired
            if expired:
                # A site that lost its last row lost its number.
                self._names.forget()
            if not more:
                return False
        return True

    def _next_merge(self) -> int:
        """How many rows may expire until the full-text index is merged."""
        (many,) = self._connection.execute("SELECT count(*) FROM outcome").fetchone()
        return max(int(many) // EXPIRED_SHARE, bounds.STEP_ROWS)

    def purge(self, between: Callable[[], None] = lambda: None) -> bool:
        """Finish the takedowns; returns whether there was something to do, and it is done.

        Args:
            between: called between two steps.
        """
        if not withdrawals.is_purge_due(self._connection):
            return False
        withdrawals.merge(self._connection, between)
        return withdrawals.finish_purge(self._connection)

    def _enter(self, batch: Sequence[Entry]) -> int:
        now = self._now()
        oldest = self._bounds.oldest(now)
        added = 0
        counted = figures.Figures()
        for entry in batch:
            if isinstance(entry, Tombstone):
                self._withdraw(dataclasses.replace(entry, at=min(entry.at, now)))
                continue
            record = entry if entry.at <= now else dataclasses.replace(entry, at=now)
            if record.source is None or record.at < max(oldest, 0):
                continue
            if record.kind == "withdrawn" and record.article is not None:
                self._withdraw(Tombstone(article=record.article, at=record.at))
            row = self._insert(record, counted)
            if row is not None:
                added += 1
                self._words.add(row, record)
        self._words.flush()
        counted.write(self._connection)
        return added

    def _withdraw(self, tombstone: Tombstone) -> None:
        self._withdrawals.take(tombstone)
        self._names.forget()

    def _insert(self, record: OutcomeRecord, counted: figures.Figures) -> int | None:
        """Insert the row of an outcome; None if it may not be entered, or has its row."""
        source = record.source
        if source is None:
            return None
        kind = self._names.kind(record.outcome, record.kind)
        found = self._connection.execute(
            "SELECT row, place, place_offset FROM outcome "
            "WHERE source = ? AND source_offset = ? AND kind = ?",
            (self._names.place(source), source.offset, kind),
        ).fetchone()
        place = self._names.place(record.place)
        if found is not None:
            row, known_place, known_offset = found
            if known_place != place or known_offset < record.place.offset:
                self._connection.execute(
                    "UPDATE outcome SET place = ?, place_offset = ? WHERE row = ?",
                    (place, record.place.offset, row),
                )
            return None
        key = None if record.url is None else rows.url_key(record.url)
        may_enter, copy_of_url, copy_of_site = self._withdrawals.admit(record, key)
        is_changed = copy_of_url != record.copy_of_url or copy_of_site != record.copy_of_site
        if not may_enter or is_changed:
            # The record told the URL of a withdrawn article, and rows of that URL may have gone.
            self._names.forget()
        if not may_enter:
            return None
        if is_changed:
            record = dataclasses.replace(record, copy_of_url=copy_of_url, copy_of_site=copy_of_site)
        counted.add(record, kind)
        return rows.insert(self._connection, self._names, record, kind, key)
