"""Rows of the store: how they are made, found and deleted, the full-text index included.

Invariants:

- A row and its words come and go in one transaction.
- The words of several rows are written in the order of their keys. FTS5 writes a segment to disk
  whenever a key is lower than the one before it in a transaction.
"""

import re
import sqlite3
from collections.abc import Iterable, Sequence

from cleanwire.dedupe.deduper import url_key_of
from cleanwire.similarity.key_table import hash_of
from streams.web.store.model import OutcomeRecord, Place
from streams.web.store.schema import SLOTS
from streams.web.store.words import index_text

_NORMAL = re.compile(
    r"https?://[a-z]{1,30}(?:\.[a-z][a-z0-9]{0,30}){1,6}(?:/[A-Za-z0-9_-]{1,200}){1,20}(?:\.html)?"
)
"""URLs that are normal for certain: `normalize_url` returns them as they are."""

MOST_CACHED = 20_000
"""Names whose numbers are kept in memory."""

COLUMNS = (
    "row, at, kind, place, place_offset, source, source_offset, article, url, url_key, site, "
    "title, lead, language, words, revision, supersedes, similarity, copy_of, "
    "copy_of_url, copy_of_site, detail, fetched, arrived, published_at, modified_at"
)

_INSERT = f"INSERT INTO outcome ({COLUMNS}) VALUES ({', '.join('?' * 26)})"  # noqa: S608 - literals

Doomed = tuple[int, str | None, str | None, str | None, int | None, int | None]
"""What has to be known of a row to delete it: `DOOMED`."""

DOOMED = "row, title, lead, url, site, copy_of_site"


def url_key(url: str) -> int:
    """64 bits that stand for a normalised URL, as SQLite has integers."""
    # To normalise a URL takes longer than to store its row, and most URLs are normal already.
    key = hash_of(url) if _NORMAL.fullmatch(url) else url_key_of(url, "")
    return int.from_bytes(key[:8], "big", signed=True)


class Names:
    """The numbers of places, sites and kinds, which rows have in place of the names.

    Args:
        connection: a connection that may write.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[object, ...], int] = {}
        # Many outcomes may have one time: the first millisecond that may have a free key for it.
        self._full_until: dict[int, int] = {}

    def forget(self) -> None:
        """Drop what is cached, after a rollback or a deletion."""
        self._known.clear()
        self._full_until.clear()

    def place(self, place: Place) -> int:
        """The number of a partition of a topic."""
        return self._number(
            "place", "topic, topic_id, partition", (place.topic, place.topic_id, place.partition)
        )

    def site(self, name: str | None) -> int | None:
        """The number of a site."""
        return None if name is None else self._number("site", "name", (name,))

    def kind(self, outcome: str, name: str) -> int:
        """The number of a kind."""
        return self._number("kind", "outcome, name", (outcome, name))

    def free_key(self, at: int) -> int:
        """The first free key for a row of a time, in milliseconds since the epoch.

        The keys of a millisecond are given out in their order. If all are taken, the key is one of
        the next millisecond that has a free one.
        """
        if len(self._full_until) > MOST_CACHED:
            self._full_until.clear()
        first = self._full_until.get(at, at)
        while True:
            base = SLOTS * first
            (last,) = self._connection.execute(
                "SELECT max(row) FROM outcome WHERE row >= ? AND row < ?", (base, base + SLOTS)
            ).fetchone()
            if last is None:
                return base
            if last + 1 < base + SLOTS:
                return int(last) + 1
            first += 1
            self._full_until[at] = first

    def _number(self, table: str, columns: str, values: tuple[object, ...]) -> int:
        key = (table, *values)
        known = self._known.get(key)
        if known is not None:
            return known
        if len(self._known) > MOST_CACHED:
            self.forget()
        holes = ", ".join("?" * len(values))
        found = self._connection.execute(
            f"SELECT number FROM {table} WHERE ({columns}) = ({holes})",  # noqa: S608 - literals
            values,
        ).fetchone()
        if found is None:
            made = self._connection.execute(
                f"INSERT INTO {table} ({columns}) VALUES ({holes})",  # noqa: S608 - literals
                values,
            )
            number = int(made.lastrowid or 0)
        else:
            number = int(found[0])
        self._known[key] = number
        return number


def insert(
    connection: sqlite3.Connection, names: Names, record: OutcomeRecord, kind: int, key: int | None
) -> int:
    """Insert the row of an outcome, without its words.

    Args:
        connection: in a transaction.
        names: the numbers of names.
        record: the outcome; it has a source.
        kind: the number of its kind.
        key: the key of its URL.

    Returns:
        The row's own key.
    """
    source = record.source
    if source is None:
        raise ValueError("an outcome without a source has no row")
    values = (
        record.at,
        kind,
        names.place(record.place),
        record.place.offset,
        names.place(source),
        source.offset,
        _packed(record.article),
        record.url,
        key,
        names.site(record.site),
        record.title,
        record.lead,
        record.language,
        record.words,
        record.revision,
        _packed(record.supersedes),
        record.similarity,
        _packed(record.copy_of),
        record.copy_of_url,
        names.site(record.copy_of_site),
        record.detail,
        record.fetched,
        record.arrived,
        record.published_at,
        record.modified_at,
    )
    row = names.free_key(record.at)
    connection.execute(_INSERT, (row, *values))
    return row


class Words:
    """The full-text index. New words wait until `flush`, so that they are written in order.

    Args:
        connection: a connection that may write.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._new: list[tuple[int, str | None, str | None, str | None]] = []

    def add(self, row: int, record: OutcomeRecord) -> None:
        """Add the words of a row."""
        self._new.append((row, record.title, record.lead, record.url))

    def forget(self) -> None:
        """Drop what waits, after a rollback."""
        self._new.clear()

    def flush(self) -> None:
        """Write what waits, in the current transaction."""
        self._connection.executemany(
            "INSERT INTO words (rowid, title, lead, url) VALUES (?, ?, ?, ?)",
            _texts(sorted(self._new)),
        )
        self._new.clear()

    def delete(self, doomed: Sequence[Doomed]) -> None:
        """Delete the words of rows, in the current transaction."""
        self.flush()
        self._connection.executemany(
            "INSERT INTO words (words, rowid, title, lead, url) VALUES ('delete', ?, ?, ?, ?)",
            _texts(entry[:4] for entry in sorted(doomed)),
        )


def delete(connection: sqlite3.Connection, words: Words, doomed: Sequence[Doomed]) -> None:
    """Delete rows, their words, and the names of sites that no row has any more.

    Args:
        connection: in a transaction.
        words: the full-text index.
        doomed: the rows, as `DOOMED` selects them.
    """
    words.delete(doomed)
    connection.executemany("DELETE FROM outcome WHERE row = ?", [entry[:1] for entry in doomed])
    delete_sites(connection, {number for entry in doomed for number in entry[4:]})


def delete_sites(connection: sqlite3.Connection, numbers: Iterable[int | None]) -> None:
    """Delete those of some sites that no row has any more."""
    connection.executemany(
        "DELETE FROM site WHERE number = ?1 "
        "AND NOT EXISTS (SELECT 1 FROM outcome WHERE site = ?1) "
        "AND NOT EXISTS (SELECT 1 FROM outcome WHERE copy_of_site = ?1)",
        [(number,) for number in numbers if number is not None],
    )


def _texts(
    rows: Iterable[tuple[int, str | None, str | None, str | None]],
) -> Iterable[tuple[int, str, str, str]]:
    for row, title, lead, url in rows:
        if title or lead or url:
            yield row, index_text(title), index_text(lead), index_text(url)


def _packed(article: str | None) -> bytes | None:
    return None if article is None else bytes.fromhex(article)
