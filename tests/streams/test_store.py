"""The memory as a table: what Faust brings of its changelog, and when."""

import pytest
from faust.types import TP
from test_positions import CHANGELOG, built

from cleanwire.shard import CLOCK, Record
from cleanwire.wire import pack_record
from streams import dedupe

WIDTH = 86_400.0


class Event:
    """A record of the changelog, as Faust hands it over."""

    def __init__(self, partition, offset, value):
        self.message = self
        self.topic, self.partition, self.offset = CHANGELOG.topic, partition, offset
        self.key, self.value = CLOCK.encode(), value


def record(partition, offset):
    return Event(partition, offset, pack_record(Record(open_from=offset), WIDTH))


@pytest.fixture
def facts(tmp_path):
    with built(dedupe, tmp_path) as (app, loop):
        (table,) = app.tables.values()
        store = table.facts

        def rebalance(assigned, revoked=()):
            loop.run_until_complete(
                store.on_rebalance(
                    {TP(CHANGELOG.topic, n) for n in assigned},
                    {TP(CHANGELOG.topic, n) for n in revoked},
                    set(),
                )
            )

        yield store, rebalance


def test_what_comes_late_of_a_partition_that_went_is_no_memory_of_it(facts):
    store, rebalance = facts
    rebalance({0, 1})
    store.apply_changelog_batch([record(0, 0), record(1, 0), record(0, 1)], None, None)
    assert store.persisted_offset(TP(CHANGELOG.topic, 0)) == 1
    rebalance({1}, revoked={0})
    store.apply_changelog_batch([record(0, 2), record(1, 1)], None, None)
    assert store.persisted_offset(TP(CHANGELOG.topic, 0)) == -1
    assert store.persisted_offset(TP(CHANGELOG.topic, 1)) == 1
    assert store.memories.keys() == {1}
    rebalance({0, 1})
    assert store.persisted_offset(TP(CHANGELOG.topic, 0)) == -1
