"""The offsets that the database keeps beside the rows.

Invariant: an offset moves only from where this sink left it. Where it stands elsewhere, another
sink has moved it, and nothing is written.
"""

import datetime as dt

import sqlalchemy as sa

from streams.consuming.follower import Offsets, PartitionId
from streams.errors import OperationalError
from streams.sink.tables import Tables


def kept(connection: sa.Connection, tables: Tables) -> dict[PartitionId, int]:
    """All offsets in the database, also those of topics that were made again since."""
    table = tables.kafka_offset
    rows = connection.execute(
        sa.select(table.c.topic, table.c.topic_id, table.c.partition_number, table.c.next_offset)
    )
    return {
        PartitionId(topic, topic_id, partition): following
        for topic, topic_id, partition, following in rows
    }


def begin(connection: sa.Connection, tables: Tables, offsets: Offsets) -> None:
    """Write where each partition begins, whatever was there."""
    for place, offset in offsets.items():
        if not _update(connection, tables, place, offset):
            connection.execute(
                sa.insert(tables.kafka_offset).values(
                    topic=place.topic,
                    topic_id=place.topic_id,
                    partition_number=place.partition,
                    next_offset=offset,
                    read_at=dt.datetime.now(dt.UTC),
                )
            )


def advance(connection: sa.Connection, tables: Tables, before: Offsets, after: Offsets) -> bool:
    """Move offsets on, in the transaction that enters the rows.

    Args:
        connection: inside that transaction, before a row is entered.
        tables: the tables of the sink.
        before: where this sink left the partitions.
        after: where they go on; only partitions that move.

    Returns:
        Whether the rows are to be entered. They are not if an earlier try has committed them.

    Raises:
        OperationalError: another sink has moved an offset.
    """
    found = kept(connection, tables)
    if all(found.get(place) == offset for place, offset in after.items()):
        return False
    for place, offset in after.items():
        if not _update(connection, tables, place, offset, before[place]):
            raise OperationalError(
                f"another sink has read on in {place.topic} partition {place.partition}",
                "run one sink at a time, or give this one a --table-prefix",
            )
    return True


def last_read(connection: sa.Connection, tables: Tables) -> dt.datetime | None:
    """When the offsets were last written or found to be current; None for a new database."""
    found: dt.datetime | None = connection.scalar(
        sa.select(sa.func.max(tables.kafka_offset.c.read_at))
    )
    return found


def touch(connection: sa.Connection, tables: Tables) -> None:
    """Note that the database is current."""
    connection.execute(sa.update(tables.kafka_offset).values(read_at=dt.datetime.now(dt.UTC)))


def _update(
    connection: sa.Connection,
    tables: Tables,
    place: PartitionId,
    offset: int,
    before: int | None = None,
) -> bool:
    table = tables.kafka_offset
    statement = (
        sa.update(table)
        .where(table.c.topic == place.topic)
        .where(table.c.topic_id == place.topic_id)
        .where(table.c.partition_number == place.partition)
        .values(next_offset=offset, read_at=dt.datetime.now(dt.UTC))
    )
    if before is not None:
        statement = statement.where(table.c.next_offset == before)
    return connection.execute(statement).rowcount == 1
