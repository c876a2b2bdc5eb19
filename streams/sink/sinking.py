"""Reads the topics and enters what is on them, batch by batch.

Invariant: a batch of records is entered whole, with the offsets after it, or not at all. A row
that the database refuses is entered as a dead letter in its place.
"""

import collections
import dataclasses
from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa

from streams.consuming.follower import (
    POLL_SECONDS,
    Batch,
    Follower,
    Offsets,
    PartitionId,
    TopicsChangedError,
    following,
)
from streams.consuming.forgotten import forgotten
from streams.consuming.minute_report import MinuteReport
from streams.consuming.published import (
    ArticleRow,
    DuplicateRow,
    Record,
    Withdrawal,
    article_of,
    duplicate_of,
)
from streams.consuming.stopping import Stop
from streams.errors import OperationalError
from streams.settings import Settings
from streams.sink import faults, kept_offsets
from streams.sink.database import Database
from streams.sink.entering import Entering, Item, Unreadable, enter_letter

MOST_RECORDS = 1000
"""Records of a batch."""

WORDS = {
    "article": "articles",
    "duplicate": "duplicates",
    "takedown": "takedowns",
    "dead letter": "dead letters",
}
"""What the line a minute counts."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a sink is asked for.

    Attributes:
        once: whether to end at the ends that the topics have now.
        duplicates: whether duplicates are entered.
        extra: whether the members of an event without a column are kept, in the column `extra`.
    """

    once: bool = False
    duplicates: bool = True
    extra: bool = True


def sink(
    settings: Settings, database: Database, wanted: Wanted, stop: Stop, say: Callable[[str], None]
) -> int:
    """Enter what is on the topics, until the end is reached or the command is told to stop.

    Args:
        settings: the brokers and the topics.
        database: connected.
        wanted: what is asked for.
        stop: whether to stop.
        say: prints a line.

    Returns:
        How many records are dead letters.

    Raises:
        OperationalError: Kafka or the database is away or refuses, or another sink has gone on.
    """
    topics = [settings.topics.clean]
    if wanted.duplicates:
        topics.append(settings.topics.duplicates)
    report = MinuteReport(say, WORDS)
    with following(settings, topics) as follower:
        run = _Run(settings, database, wanted, follower)
        run.warn_of_age(say)
        run.begin(say)
        while not stop.is_asked:
            try:
                batch = follower.poll(POLL_SECONDS, MOST_RECORDS)
            except TopicsChangedError:
                run.begin(say)
                continue
            report.count(run.write(batch))
            is_at_end = follower.behind == 0
            if wanted.once and is_at_end:
                break
            if wanted.once:
                follower.require_progress()
            if report.minute(follower.behind) and is_at_end:
                run.touch()
        if follower.behind == 0:
            run.touch()
        report.end(follower.behind)
    return run.letters


class _Run:
    """One run of a sink: where its partitions are, and how a batch is entered."""

    def __init__(
        self, settings: Settings, database: Database, wanted: Wanted, follower: Follower
    ) -> None:
        self._settings = settings
        self._database = database
        self._tables = database.tables
        self._wanted = wanted
        self._follower = follower
        self._offsets: dict[PartitionId, int] = {}
        self.letters = 0

    def begin(self, say: Callable[[str], None]) -> None:
        """Go to where the database says, and say where records are gone."""
        found = self._database.run(lambda connection: kept_offsets.kept(connection, self._tables))
        begun, lines = self._follower.begin(found)
        self._database.run(lambda connection: kept_offsets.begin(connection, self._tables, begun))
        self._offsets = dict(begun)
        for line in lines:
            say(line)

    def warn_of_age(self, say: Callable[[str], None]) -> None:
        """Say if takedowns may have been forgotten by the topic since the database was current."""
        tables = self._tables
        last = self._database.run(lambda connection: kept_offsets.last_read(connection, tables))
        fix = "to be sure, enter everything anew under another --table-prefix"
        if line := forgotten(self._settings, last, self._database.where, fix):
            say(line)

    def touch(self) -> None:
        """Note that the database is current."""
        self._database.run(lambda connection: kept_offsets.touch(connection, self._tables))

    def write(self, batch: Batch) -> collections.Counter[str]:
        """Enter a batch; returns how many of each there were."""
        if not batch.next:
            return collections.Counter()
        items = [self._item(record) for record in batch.records]
        before = {place: self._offsets[place] for place in batch.next}
        refused = self._database.run(
            lambda connection: enter_batch(connection, self._database, items, before, batch.next)
        )
        self._offsets |= batch.next
        kinds = collections.Counter(_kind(item) for item in items)
        kinds["dead letter"] += len(refused)
        kinds.subtract(_kind(item) for item in refused)
        self.letters += kinds["dead letter"]
        kinds["record"] = len(items)
        return kinds

    def _item(self, record: Record) -> Item:
        read = article_of if record.topic == self._settings.topics.clean else duplicate_of
        try:
            row = read(record)
        except ValueError as error:
            return Item(record=record, row=Unreadable(reason=str(error)))
        if not self._wanted.extra and not isinstance(row, Withdrawal):
            row = dataclasses.replace(row, extra={})
        return Item(record=record, row=row)


def _kind(item: Item) -> str:
    kinds = {ArticleRow: "article", DuplicateRow: "duplicate", Withdrawal: "takedown"}
    return kinds.get(type(item.row), "dead letter")


def enter_batch(
    connection: sa.Connection,
    database: Database,
    items: Sequence[Item],
    before: Offsets,
    after: Offsets,
) -> list[Item]:
    """Enter a batch and move its offsets, in the caller's transaction.

    Args:
        connection: inside a transaction.
        database: the database.
        items: what to enter.
        before: where the partitions were.
        after: where they go on.

    Returns:
        The items that the database refused; they are dead letters now.
    """
    if not kept_offsets.advance(connection, database.tables, before, after):
        return []
    return list(_enter(connection, database, items))


def _enter(connection: sa.Connection, database: Database, items: Sequence[Item]) -> Iterable[Item]:
    """Enter items; where one is refused, halve them until it is found."""
    try:
        with connection.begin_nested():
            Entering(connection, database.tables, items).run()
    except (sa.exc.StatementError, OverflowError) as error:
        if faults.about(error) != "row":
            raise
        if len(items) > 1:
            half = len(items) // 2
            yield from _enter(connection, database, items[:half])
            yield from _enter(connection, database, items[half:])
            return
        (item,) = items
        if isinstance(item.row, Withdrawal):
            raise OperationalError(
                f"{database.where} refuses the takedown of {item.row.id}: {faults.gist(error)}",
                "change what keeps the article from being deleted, and start again",
            ) from None
        if isinstance(item.row, Unreadable):
            raise OperationalError(
                f"{database.where} refuses a dead letter: {faults.gist(error)}",
                f"change what refuses rows of {database.tables.dead_letter.name}",
            ) from None
        enter_letter(connection, database.tables, item.record, faults.reason(error))
        yield item
