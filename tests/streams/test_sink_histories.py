"""Any history of records, in any batches, with crashes at any statement, leads to the tables of the oracle."""

import random
import uuid

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from helpers import sink_oracle, sunk
from streams.consuming.follower import PartitionId
from streams.sink import kept_offsets
from streams.sink.sinking import enter_batch

PARTITIONS = 3


class CrashError(Exception):
    pass


def records_of(history):
    ends, made = {}, []
    for topic, event in history:
        partition = sink_oracle.partition_of(event, PARTITIONS)
        offset = ends.get((topic, partition), 0)
        ends[topic, partition] = offset + 1
        made.append(sunk.record(event, offset, topic=topic, partition=partition))
    return made


def crash_after(database, statements):
    """The connection raises at a later statement, once."""
    left = [statements]

    def count(*_):
        left[0] -= 1
        if left[0] == 0:
            raise CrashError

    sa.event.listen(database._engine, "before_cursor_execute", count)
    return lambda: sa.event.remove(database._engine, "before_cursor_execute", count)


def run_until_crash(url, prefix, order, places, draw):
    """Enter records from the kept offsets on; returns those that are left after a crash."""
    with sunk.opened(url, prefix) as database:
        begun = dict.fromkeys(
            (PartitionId(topic, "T", partition) for topic, partition in places), 0
        )
        kept = begun | database.run(lambda c: kept_offsets.kept(c, database.tables))
        database.run(lambda c: kept_offsets.begin(c, database.tables, kept))
        undo = crash_after(database, draw.randint(1, 60))
        try:
            while order:
                batch = order[: draw.randint(1, 12)]
                kept = enter(database, batch, kept)
                order = order[len(batch) :]
        except CrashError:
            pass
        finally:
            undo()
    return order


def enter(database, batch, kept):
    after = {PartitionId(one.topic, "T", one.partition): one.offset + 1 for one in batch}
    before = {place: kept[place] for place in after}
    items = [sunk.item(one) for one in batch]
    database.run(lambda connection: enter_batch(connection, database, items, before, after))
    return kept | after


@hypothesis.settings(max_examples=12)
@hypothesis.given(seed=st.integers(0, 1 << 32))
@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_a_history_with_crashes_leads_to_the_tables_of_the_oracle(
    kind, seed, request, tmp_path_factory
):
    draw = random.Random(seed)
    if kind == "sqlite":
        url, prefix = f"sqlite:///{tmp_path_factory.mktemp('db')}/a.db", ""
    else:
        server = request.getfixturevalue("postgres")
        if not hasattr(server, "of_histories"):
            server.of_histories = server.new_database()
        url, prefix = server.url(server.of_histories), f"h{uuid.uuid4().hex[:8]}_"
    waiting = records_of(sink_oracle.history(draw, draw.randint(1, 40)))
    every = list(waiting)
    # Another order of the partitions and topics; that of each partition stays.
    places = [(one.topic, one.partition) for one in waiting]
    draw.shuffle(places)
    queues = {
        place: [one for one in waiting if (one.topic, one.partition) == place] for place in places
    }
    order = [queues[place].pop(0) for place in places]
    while order:
        order = run_until_crash(url, prefix, order, places, draw)
    assert sink_oracle.found(url, prefix) == sink_oracle.expected(every)
