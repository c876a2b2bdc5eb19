"""The memory as a table: what Faust brings of its changelog, and when."""

import asyncio
import contextlib

import pytest
from faust.types import TP

from cleanwire.dedupe.decision import Decision
from cleanwire.dedupe.records import pack_record
from cleanwire.dedupe.shard_record import CLOCK, Record
from cleanwire.similarity.key_table import hash_of
from helpers.apps import CHANGELOG, built
from streams import dedupe
from streams.state import recovery

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
def decisions(tmp_path):
    with built(dedupe, tmp_path) as (app, loop):
        (table,) = app.tables.values()
        store = table.store

        def rebalance(assigned, revoked=()):
            loop.run_until_complete(
                store.on_rebalance(
                    {TP(CHANGELOG.topic, n) for n in assigned},
                    {TP(CHANGELOG.topic, n) for n in revoked},
                    set(),
                )
            )

        rebalance.loop, rebalance.table = loop, table
        yield store, rebalance


def test_what_comes_late_of_a_partition_that_went_is_no_memory_of_it(decisions):
    store, rebalance = decisions
    rebalance({0, 1})
    store.apply_changelog_batch([record(0, 0), record(1, 0), record(0, 1)], None, None)
    assert store.persisted_offset(TP(CHANGELOG.topic, 0)) == 1
    rebalance({1}, revoked={0})
    store.apply_changelog_batch([record(0, 2), record(1, 1)], None, None)
    assert store.persisted_offset(TP(CHANGELOG.topic, 0)) == -1
    assert store.persisted_offset(TP(CHANGELOG.topic, 1)) == 1
    assert store.states.keys() == {1}
    rebalance({0, 1})
    assert store.persisted_offset(TP(CHANGELOG.topic, 0)) == -1


class Bus:
    """What aiokafka's consumer would bring of partition 0: `COUNT` records, ten at a time."""

    def __init__(self, **_):
        self.at = 0

    async def start(self):
        pass

    async def stop(self):
        pass

    def assign(self, _):
        pass

    def seek(self, _, offset):
        self.at = offset

    async def position(self, _):
        return self.at

    async def getmany(self, **_):
        await asyncio.sleep(0)
        first, self.at = self.at, min(self.at + 10, COUNT)
        return {"partition 0": [article(0, n) for n in range(first, self.at)]}


COUNT = 100


def article(partition, number):
    event = record(partition, number)
    event.key = hash_of(f"{number}").hex().encode()
    decision = Decision(
        id=event.key.decode(),
        url_key=hash_of("page"),
        digest=b"12345678",
        fetched=2e9,
        bucket=1,
        sequence=number,
        outcome="clean",
    )
    event.value = pack_record(Record(decision=decision), WIDTH)
    return event


@pytest.mark.parametrize("gone_after", range(0, 10, 3))
@pytest.mark.parametrize("back", [True, False], ids=["and is back", "and stays away"])
def test_what_is_read_of_a_partition_that_goes_meanwhile_counts_for_nothing(
    decisions, monkeypatch, gone_after, back
):
    store, rebalance = decisions
    monkeypatch.setattr(recovery, "AIOKafkaConsumer", Bus)
    place = TP(CHANGELOG.topic, 0)
    rebalance({0, 1})

    async def read(*, goes):
        turn = 0
        async for _ in recovery.read_back(rebalance.table, place, COUNT - 1):
            if goes and turn == gone_after:
                await store.on_rebalance({TP(CHANGELOG.topic, 1)}, {place}, set())
                if back:
                    await store.on_rebalance({place}, set(), set())
                    store.state_of(0)
            turn += 1
        return turn

    assert rebalance.loop.run_until_complete(read(goes=True)) == gone_after + 1
    assert store.persisted_offset(place) == -1
    assert 0 not in store.states or len(store.states[0]) == 0
    rebalance({0, 1})
    assert rebalance.loop.run_until_complete(read(goes=False)) > gone_after
    assert store.persisted_offset(place) == COUNT - 1
    assert len(store.states[0]) == COUNT


def test_what_is_read_in_two_goes_is_read_once(decisions, monkeypatch):
    store, rebalance = decisions
    monkeypatch.setattr(recovery, "AIOKafkaConsumer", Bus)
    place = TP(CHANGELOG.topic, 0)
    rebalance({0})

    async def read(until):
        reading = recovery.read_back(rebalance.table, place, COUNT - 1)
        async with contextlib.aclosing(reading):
            return [offset async for offset in up_to(reading, until)][-1]

    async def up_to(offsets, until):
        async for offset in offsets:
            yield offset
            if offset >= until:
                return

    assert rebalance.loop.run_until_complete(read(COUNT // 2)) < COUNT - 1
    assert rebalance.loop.run_until_complete(read(COUNT - 1)) == COUNT - 1
    assert len(store.states[0]) == COUNT
