"""Enters rows into the tables, and takes out what was taken down.

Invariants:

- The tables that result from a set of records do not depend on the order in which the records of
  different ids come, nor on how often each comes.
- An id that was taken down has no row in `article` and in `duplicate`, and no dead letter under
  its key.
- An id has a row in `article` or in `duplicate`, never in both. A replay may publish what was a
  duplicate.
- An article that was superseded stays superseded. Its successor may come again in a record that
  supersedes nothing, as a replay may write it; the earlier link stays.
- A row is written only if one of its values changes.
"""

import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from streams.consuming.published import ArticleRow, DuplicateRow, Record, Withdrawal, moment
from streams.sink.tables import Tables, values_of


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A record that is no event, and why."""

    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A record, and what it was read as."""

    record: Record
    row: ArticleRow | DuplicateRow | Withdrawal | Unreadable


class Entering:
    """Enters one set of items, inside the caller's transaction.

    Args:
        connection: inside a transaction.
        tables: the tables of the sink.
        items: what to enter, in the order of their partitions.
    """

    def __init__(self, connection: sa.Connection, tables: Tables, items: Sequence[Item]) -> None:
        self._connection = connection
        self._tables = tables
        self._items = items
        self._is_postgres = connection.dialect.name == "postgresql"
        self._insert = postgresql.insert if self._is_postgres else sqlite.insert
        self._now = dt.datetime.now(dt.UTC)
        # Of the records of one id, the last one counts.
        self._articles: dict[str, ArticleRow] = {}
        for one in items:
            if isinstance(one.row, ArticleRow):
                self._articles[one.row.id] = _with_link(one.row, self._articles.get(one.row.id))
        self._duplicates = {
            one.row.id: one.row for one in items if isinstance(one.row, DuplicateRow)
        }

    def run(self) -> None:
        """Enter all of them.

        Raises:
            sqlalchemy.exc.DBAPIError: the database refuses a row, or fails.
        """
        self._withdraw([one.row for one in self._items if isinstance(one.row, Withdrawal)])
        named = {*self._articles, *self._duplicates}
        named |= {one.duplicate_of for one in self._duplicates.values()}
        named |= {one.record.named for one in self._items if isinstance(one.row, Unreadable)}
        gone = self._taken_down(named)
        self._enter_articles(gone)
        self._enter_duplicates(gone)
        self._enter_unreadable(gone)
        if self._is_postgres:
            # A deferred constraint of the user's would refuse the whole transaction at its end.
            self._connection.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))

    def _withdraw(self, withdrawals: Sequence[Withdrawal]) -> None:
        if not withdrawals:
            return
        connection, tables = self._connection, self._tables
        ids = sorted({one.id for one in withdrawals})
        article, duplicate, letter = tables.article, tables.duplicate, tables.dead_letter
        found = connection.execute(
            sa.select(article.c.id, article.c.supersedes).where(article.c.id.in_(ids))
        )
        superseded = {one: earlier for one, earlier in found}  # noqa: C416 - mypy takes no row for a pair
        times = {one.id: one.at for one in reversed(withdrawals)}
        connection.execute(
            self._insert(tables.takedown).on_conflict_do_nothing(),
            [{"id": one, "taken_down_at": times[one], "supersedes": superseded.get(one)}
             for one in ids],
        )  # fmt: skip
        connection.execute(sa.delete(article).where(article.c.id.in_(ids)))
        connection.execute(
            sa.delete(duplicate).where(
                duplicate.c.id.in_(ids)
                | (duplicate.c.duplicate_of.in_(ids) & (duplicate.c.kind == "recrawl"))
            )
        )
        connection.execute(
            sa.update(duplicate)
            .where(duplicate.c.duplicate_of.in_(ids))
            .where(
                duplicate.c.duplicate_of_url.is_not(None)
                | duplicate.c.title.is_not(None)
                | (duplicate.c.extra != {})
            )
            .values(duplicate_of_url=None, title=None, extra={}, written_at=self._now)
        )
        keys = [one.encode() for one in ids]
        connection.execute(sa.delete(letter).where(letter.c.key.in_(keys)))

    def _taken_down(self, ids: Collection[str]) -> set[str]:
        if not ids:
            return set()
        takedown = self._tables.takedown
        found = self._connection.scalars(
            sa.select(takedown.c.id).where(takedown.c.id.in_(sorted(ids)))
        )
        return set(found)

    def _enter_articles(self, gone: Collection[str]) -> None:
        if not self._articles:
            return
        article, takedown = self._tables.article, self._tables.takedown
        ids = sorted(self._articles)
        links: dict[str, str] = {}
        for row in self._articles.values():
            _link(links, row.supersedes, row.id)
            if row.id in gone and row.supersedes:
                # Which article it superseded is remembered, as if it had come before its takedown.
                self._connection.execute(
                    sa.update(takedown)
                    .where(takedown.c.id == row.id, takedown.c.supersedes.is_(None))
                    .values(supersedes=row.supersedes)
                )
        earlier = [{"earlier": one, "later": links[one]} for one in sorted(links)]
        for table in (takedown, article):
            query = sa.select(table.c.supersedes, table.c.id).where(table.c.supersedes.in_(ids))
            for superseded, later in self._connection.execute(query):
                _link(links, superseded, later)
        rows = [
            values_of(self._articles[one]) | {"superseded_by": links.get(one)}
            for one in ids
            if one not in gone
        ]
        self._upsert(article, rows)
        duplicate = self._tables.duplicate
        self._connection.execute(sa.delete(duplicate).where(duplicate.c.id.in_(ids)))
        if earlier:
            known = article.c.superseded_by
            self._connection.execute(
                sa.update(article)
                .where(article.c.id == sa.bindparam("earlier"))
                .where(known.is_(None) | (known > sa.bindparam("later")))
                .values(superseded_by=sa.bindparam("later"), written_at=self._now),
                earlier,
            )

    def _enter_duplicates(self, gone: Collection[str]) -> None:
        if not self._duplicates:
            return
        article = self._tables.article
        published = set(
            self._connection.scalars(
                sa.select(article.c.id).where(article.c.id.in_(sorted(self._duplicates)))
            )
        )
        rows = []
        for _, row in sorted(self._duplicates.items()):
            if row.id in gone or row.id in published:
                continue
            if row.duplicate_of in gone and row.kind == "recrawl":
                continue
            values = values_of(row)
            if row.duplicate_of in gone:
                values |= {"duplicate_of_url": None, "title": None, "extra": {}}
            rows.append(values)
        self._upsert(self._tables.duplicate, rows)

    def _enter_unreadable(self, gone: Collection[str]) -> None:
        for one in self._items:
            if isinstance(one.row, Unreadable) and one.record.named not in gone:
                enter_letter(self._connection, self._tables, one.record, one.row.reason)

    def _upsert(self, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
        if not rows:
            return
        given = self._insert(table)
        values: dict[str, Any] = {name: given.excluded[name] for name in rows[0] if name != "id"}
        if "supersedes" in values:
            values["supersedes"] = sa.func.coalesce(values["supersedes"], table.c.supersedes)
        changed = sa.tuple_(*(table.c[name] for name in values)).is_distinct_from(
            sa.tuple_(*values.values())
        )
        statement = given.on_conflict_do_update(
            index_elements=[table.c.id],
            set_={**values, "written_at": given.excluded.written_at},
            where=changed,
        )
        self._connection.execute(statement, [{**row, "written_at": self._now} for row in rows])


def enter_letter(connection: sa.Connection, tables: Tables, record: Record, reason: str) -> None:
    """Enter a record into the table of dead letters, unless it is there.

    Raises:
        sqlalchemy.exc.DBAPIError: the database fails.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(
        insert(tables.dead_letter).on_conflict_do_nothing(),
        [
            {
                "topic": record.topic,
                "topic_id": record.topic_id,
                "partition_number": record.partition,
                "record_offset": record.offset,
                "record_at": moment(record.at),
                "key": record.key,
                "value": record.value,
                "reason": reason,
                "written_at": dt.datetime.now(dt.UTC),
            }
        ],
    )


def _with_link(row: ArticleRow, before: ArticleRow | None) -> ArticleRow:
    """A row that supersedes what an earlier record of its id did, if it says nothing itself."""
    if before is None or row.supersedes is not None:
        return row
    return dataclasses.replace(row, supersedes=before.supersedes)


def _link(links: dict[str, str], superseded: str | None, later: str) -> None:
    """Note which article supersedes another; of several, the one with the least id."""
    if superseded is not None:
        links[superseded] = min(later, links.get(superseded, later))
