"""The account of an export in SQLite: offsets, which article is in which day, and what waits.

Invariants:

- What a batch of records leads to is written with the offsets after it, in one transaction.
- An article is in a day's file, or it waits for it. `changed_day` has the days whose file is not
  as this account says.
"""

import contextlib
import datetime as dt
import hashlib
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from streams.consuming.follower import Offsets, PartitionId
from streams.consuming.published import ArticleRow, Record, Withdrawal
from streams.errors import OperationalError

VERSION = 1

_TABLES = """
CREATE TABLE kafka_offset (
    topic TEXT NOT NULL,
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    read_at TEXT NOT NULL,
    PRIMARY KEY (topic, topic_id, partition)
) WITHOUT ROWID;
CREATE TABLE article (
    id TEXT PRIMARY KEY,
    day TEXT NOT NULL,
    supersedes TEXT,
    digest BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX article_day ON article (day);
CREATE INDEX article_supersedes ON article (supersedes) WHERE supersedes IS NOT NULL;
CREATE TABLE takedown (id TEXT PRIMARY KEY, supersedes TEXT) WITHOUT ROWID;
CREATE INDEX takedown_supersedes ON takedown (supersedes) WHERE supersedes IS NOT NULL;
CREATE TABLE waiting (id TEXT PRIMARY KEY, day TEXT NOT NULL, key BLOB, value BLOB NOT NULL);
CREATE INDEX waiting_day ON waiting (day);
CREATE TABLE changed_day (day TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE unreadable (
    topic TEXT NOT NULL,
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    record_offset INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (topic, topic_id, partition, record_offset)
) WITHOUT ROWID;
"""


class FolderIndex:
    """The account of one folder.

    Args:
        file: the SQLite file; it is made if it is missing.

    Raises:
        OperationalError: a newer Cleanwire made the file.
        sqlite3.Error: the file cannot be used.
    """

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        # What is taken down leaves no bytes in the file.
        self._connection.execute("PRAGMA secure_delete = ON")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            self.close()
            raise OperationalError(
                f"a newer Cleanwire made {file} (version {version}; this one has {VERSION})",
                "upgrade Cleanwire, or name an empty folder",
            )
        if version < VERSION:
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;"
            )

    def close(self) -> None:
        """Close the file; nothing of what was deleted stays in its log."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def kept(self) -> dict[PartitionId, int]:
        """The offsets of all partitions."""
        rows = self._connection.execute(
            "SELECT topic, topic_id, partition, next_offset FROM kafka_offset"
        )
        return {PartitionId(topic, one, number): offset for topic, one, number, offset in rows}

    def last_read(self) -> dt.datetime | None:
        """When the offsets were last written; None for a new folder."""
        (found,) = self._connection.execute("SELECT max(read_at) FROM kafka_offset").fetchone()
        return None if found is None else dt.datetime.fromisoformat(found)

    def move(self, offsets: Offsets) -> None:
        """Write where partitions go on."""
        with self._transaction():
            self._move(offsets)

    def _move(self, offsets: Offsets) -> None:
        now = dt.datetime.now(dt.UTC).isoformat()
        self._connection.executemany(
            "INSERT OR REPLACE INTO kafka_offset VALUES (?, ?, ?, ?, ?)",
            [
                (place.topic, place.topic_id, place.partition, offset, now)
                for place, offset in offsets.items()
            ],
        )

    def take(
        self, batch: Sequence[tuple[Record, ArticleRow | Withdrawal | str]], after: Offsets
    ) -> None:
        """Enter records with the offsets after them.

        Args:
            batch: each record with what it was read as; a text is why it could not be read.
            after: where the partitions go on.
        """
        with self._transaction():
            for record, row in batch:
                if isinstance(row, Withdrawal):
                    self._withdraw(row.id)
                elif isinstance(row, ArticleRow):
                    self._enter(record, row)
                else:
                    place = (record.topic, record.topic_id, record.partition, record.offset)
                    self._connection.execute(
                        "INSERT OR IGNORE INTO unreadable VALUES (?, ?, ?, ?, ?)", (*place, row)
                    )
            self._move(after)

    def _withdraw(self, article: str) -> None:
        found = self._connection.execute(
            "DELETE FROM article WHERE id = ? RETURNING day, supersedes", (article,)
        ).fetchall()
        day, supersedes = found[0] if found else (None, None)
        self._connection.execute(
            "INSERT INTO takedown VALUES (?1, ?2) ON CONFLICT DO UPDATE "
            "SET supersedes = ifnull(supersedes, excluded.supersedes)",
            (article, supersedes),
        )
        self._connection.execute("DELETE FROM waiting WHERE id = ?", (article,))
        if day is not None:
            self._change(day)

    def _enter(self, record: Record, row: ArticleRow) -> None:
        connection = self._connection
        gone = connection.execute(
            "SELECT supersedes FROM takedown WHERE id = ?", (row.id,)
        ).fetchone()
        known = connection.execute(
            "SELECT supersedes, day, digest FROM article WHERE id = ?", (row.id,)
        ).fetchone()
        (before, *_) = gone or known or (None,)
        # A later record that supersedes nothing, as a replay may write it, takes no link back.
        supersedes = row.supersedes or before
        if supersedes != before:
            self._change_days_of(before, supersedes)
        if gone:
            connection.execute(
                "UPDATE takedown SET supersedes = ? WHERE id = ?", (supersedes, row.id)
            )
            return
        day, value = row.fetched_at.date().isoformat(), record.value or b""
        digest = hashlib.blake2b(value, digest_size=8).digest()
        if known is not None and known[1:] == (day, digest):
            return
        if known is not None:
            self._change(known[1])
        connection.execute(
            "INSERT OR REPLACE INTO article VALUES (?, ?, ?, ?)",
            (row.id, day, supersedes, digest),
        )
        connection.execute(
            "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?)", (row.id, day, record.key, value)
        )
        self._change(day)

    def _change_days_of(self, *ids: str | None) -> None:
        marks = ",".join("?" * len(ids))
        self._connection.execute(
            f"INSERT OR IGNORE INTO changed_day SELECT day FROM article WHERE id IN ({marks})",  # noqa: S608 - marks for values
            ids,
        )

    def _change(self, day: str) -> None:
        self._connection.execute("INSERT OR IGNORE INTO changed_day VALUES (?)", (day,))

    def changed_days(self) -> list[str]:
        """The days whose files have to be written, earliest first."""
        return [day for (day,) in self._connection.execute("SELECT day FROM changed_day")]

    def waiting_of(self, day: str) -> Iterator[tuple[bytes | None, bytes]]:
        """The key and the value of each record that waits for a day's file."""
        yield from self._connection.execute(
            "SELECT key, value FROM waiting WHERE day = ? ORDER BY id", (day,)
        )

    def in_file(self, day: str, ids: Collection[str]) -> set[str]:
        """Those of the articles of a day's file that stay as they are in it."""
        marks = ",".join("?" * len(ids))
        rows = self._connection.execute(
            f"SELECT id FROM article WHERE day = ? AND id IN ({marks}) "  # noqa: S608 - marks for values
            "AND NOT EXISTS (SELECT 1 FROM waiting WHERE waiting.id = article.id)",
            (day, *ids),
        )
        return {article for (article,) in rows}

    def superseded(self, ids: Collection[str]) -> dict[str, str]:
        """Which article supersedes each of these, if one does; of several, that of the least id."""
        marks = ",".join("?" * len(ids))
        rows = self._connection.execute(
            f"SELECT supersedes, min(id) FROM (SELECT supersedes, id FROM article "  # noqa: S608 - marks for values
            f"WHERE supersedes IN ({marks}) UNION ALL SELECT supersedes, id FROM takedown "
            f"WHERE supersedes IN ({marks})) GROUP BY supersedes",
            (*ids, *ids),
        )
        return dict(rows.fetchall())

    def count(self, day: str) -> int:
        """How many articles a day has."""
        (found,) = self._connection.execute(
            "SELECT count(*) FROM article WHERE day = ?", (day,)
        ).fetchone()
        return int(found)

    def written(self, day: str) -> None:
        """Note that a day's file is as this account says."""
        with self._transaction():
            self._connection.execute("DELETE FROM waiting WHERE day = ?", (day,))
            self._connection.execute("DELETE FROM changed_day WHERE day = ?", (day,))
