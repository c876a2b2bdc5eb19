"""Takedowns in the store: what is deleted, and what is not let in again.

Invariants:

- Nothing of a withdrawn article stays: no row with its id, no row of its URL that was fetched no
  later, and no URL of it in the rows of its copies. The order in which the topics are read does
  not change that.
- A takedown is finished only when the deleted words are gone from the segments of the full-text
  index and from the write-ahead log. Until then it is a task that a restart resumes.

SQLite overwrites deleted content with zeros (`secure_delete`). FTS5 does not: it marks deleted
words, and drops them when it merges their segments. Its own option for this came with SQLite 3.42,
and cannot undo what was deleted before. So a takedown merges all segments to one.
"""

import sqlite3
from collections.abc import Callable

from streams.web.store.model import OutcomeRecord, Tombstone
from streams.web.store.rows import DOOMED, Words, delete, delete_sites, url_key

PURGE = "purge"
"""The task of removing deleted words from the segments."""

MERGE_PAGES = 400
"""Pages that a step of the merge writes, about 1.6 MB."""


class Withdrawals:
    """The withdrawn articles of a store.

    Args:
        connection: a connection that may write, in autocommit mode.
        words: its full-text index.
    """

    def __init__(self, connection: sqlite3.Connection, words: Words) -> None:
        self._connection = connection
        self._words = words
        self._any = self._exists()

    def reload(self) -> None:
        """Look again whether there are any, after a rollback."""
        self._any = self._exists()

    def _exists(self) -> bool:
        return self._connection.execute("SELECT 1 FROM withdrawal LIMIT 1").fetchone() is not None

    def take(self, tombstone: Tombstone) -> None:
        """Withdraw an article, in the current transaction."""
        article = bytes.fromhex(tombstone.article)
        key, fetched = self._connection.execute(
            "SELECT max(url_key), max(fetched) FROM outcome "
            "WHERE article = ? AND url_key IS NOT NULL",
            (article,),
        ).fetchone()
        if key is None:
            # The article's own record is gone or was never here, but its copies name its URL.
            key = self._named_by_copies(article)
        is_new = not self._is_known(article)
        self._connection.execute(
            "INSERT INTO withdrawal VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET "
            "at = max(at, excluded.at), url_key = ifnull(url_key, excluded.url_key), "
            "fetched = ifnull(fetched, excluded.fetched)",
            (article, tombstone.at, key, fetched),
        )
        self._any = True
        # Words of rows that expired before may still be in the segments. A tombstone or a
        # rejection that repeats finds nothing new.
        if self._delete(article) or is_new:
            self._connection.execute("INSERT OR IGNORE INTO task VALUES (?)", (PURGE,))

    def admit(self, record: OutcomeRecord, key: int | None) -> tuple[bool, str | None, str | None]:
        """Whether an outcome may be entered, in the current transaction.

        Args:
            record: the outcome.
            key: the key of its URL.

        Returns:
            Whether the outcome may be entered, and the URL and the site of the article that it
            copies as they may be entered.
        """
        if not self._any:
            return True, record.copy_of_url, record.copy_of_site
        is_withdrawn = False
        if record.article is not None and record.kind != "withdrawn":
            article = bytes.fromhex(record.article)
            is_withdrawn = self._is_known(article)
            if is_withdrawn:
                self._learn(article, key, record.fetched)
        is_copy_of_withdrawn = False
        if record.copy_of is not None:
            original = bytes.fromhex(record.copy_of)
            is_copy_of_withdrawn = self._is_known(original)
            if is_copy_of_withdrawn and record.copy_of_url is not None:
                self._learn(original, url_key(record.copy_of_url), None)
        if is_withdrawn or (key is not None and self._is_of_withdrawn_url(record, key)):
            return False, None, None
        if is_copy_of_withdrawn:
            return True, None, None
        return True, record.copy_of_url, record.copy_of_site

    def _is_of_withdrawn_url(self, record: OutcomeRecord, key: int) -> bool:
        for article, at, fetched in self._connection.execute(
            "SELECT article, at, fetched FROM withdrawal WHERE url_key = ?", (key,)
        ):
            if record.copy_of == article.hex():
                return True
            if record.outcome == "rejected":
                if record.at <= at:
                    return True
            elif record.fetched is not None and fetched is not None and record.fetched <= fetched:
                return True
        return False

    def _is_known(self, article: bytes) -> bool:
        found = self._connection.execute("SELECT 1 FROM withdrawal WHERE article = ?", (article,))
        return found.fetchone() is not None

    def _learn(self, article: bytes, key: int | None, fetched: int | None) -> None:
        """Note the URL of a withdrawn article that was not known before."""
        changed = self._connection.execute(
            "UPDATE withdrawal SET url_key = ifnull(url_key, ?2), fetched = ifnull(fetched, ?3) "
            "WHERE article = ?1 AND (url_key IS NULL AND ?2 IS NOT NULL "
            "OR fetched IS NULL AND ?3 IS NOT NULL)",
            (article, key, fetched),
        )
        if changed.rowcount and self._delete(article):
            self._connection.execute("INSERT OR IGNORE INTO task VALUES (?)", (PURGE,))

    def _named_by_copies(self, article: bytes) -> int | None:
        found = self._connection.execute(
            "SELECT copy_of_url FROM outcome WHERE copy_of = ? AND copy_of_url IS NOT NULL LIMIT 1",
            (article,),
        ).fetchone()
        return None if found is None else url_key(found[0])

    def _delete(self, article: bytes) -> bool:
        """Delete what there is of a withdrawn article; returns whether there was something."""
        (withdrawn,) = self._connection.execute(
            "SELECT ifnull((SELECT number FROM kind WHERE outcome = 'rejected' "
            "AND name = 'withdrawn'), -1)"
        ).fetchone()
        doomed = self._connection.execute(
            # The rejection of a withdrawn page stays: it has the article's id, and nothing of it.
            f"SELECT {DOOMED} FROM outcome WHERE article = ?1 AND kind != ?2 "  # noqa: S608 - literals
            f"UNION SELECT {DOOMED} FROM outcome WHERE url_key = (SELECT url_key FROM withdrawal "
            "WHERE article = ?1) AND (copy_of = ?1 OR EXISTS (SELECT 1 FROM withdrawal, kind "
            "WHERE withdrawal.article = ?1 AND kind.number = outcome.kind AND CASE kind.outcome "
            "WHEN 'rejected' THEN outcome.at <= withdrawal.at "
            "ELSE outcome.fetched <= withdrawal.fetched END))",
            (article, withdrawn),
        ).fetchall()
        delete(self._connection, self._words, doomed)
        sites = self._connection.execute(
            "SELECT DISTINCT copy_of_site FROM outcome WHERE copy_of = ?", (article,)
        ).fetchall()
        changed = self._connection.execute(
            "UPDATE outcome SET copy_of_url = NULL, copy_of_site = NULL "
            "WHERE copy_of = ? AND (copy_of_url IS NOT NULL OR copy_of_site IS NOT NULL)",
            (article,),
        )
        delete_sites(self._connection, {number for (number,) in sites})
        return bool(doomed) or changed.rowcount > 0


def is_purge_due(connection: sqlite3.Connection) -> bool:
    """Whether deleted words may still be in the segments."""
    found = connection.execute("SELECT 1 FROM task WHERE name = ?", (PURGE,)).fetchone()
    return found is not None


def merge(connection: sqlite3.Connection, between: Callable[[], None] = lambda: None) -> None:
    """Merge all segments of the full-text index to one, which drops all deleted words.

    Args:
        connection: outside a transaction.
        between: called between two steps.
    """
    first = True
    while _merge_step(connection, first=first):
        first = False
        between()


def _merge_step(connection: sqlite3.Connection, *, first: bool) -> bool:
    """Merge a part of the full-text index; the first step begins to merge all segments to one.

    Returns:
        Whether there is more to merge.
    """
    before = connection.total_changes
    pages = -MERGE_PAGES if first else MERGE_PAGES
    connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (pages,))
    # https://www.sqlite.org/fts5.html#the_merge_command: fewer than two changes mean that nothing
    # was left to do.
    return connection.total_changes - before > 1


def finish_purge(connection: sqlite3.Connection) -> bool:
    """Empty the write-ahead log, and end the task.

    Returns:
        Whether the task has ended. A query that is going on keeps the log; then it has to be tried
        again.
    """
    if not _truncate(connection):
        return False
    connection.execute("DELETE FROM task WHERE name = ?", (PURGE,))
    return _truncate(connection)


def _truncate(connection: sqlite3.Connection) -> bool:
    (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
