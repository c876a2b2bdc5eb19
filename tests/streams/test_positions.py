"""Where a worker reads on after a rebalance."""

import asyncio
import contextlib

import pytest
from faust.types import TP

from streams import dedupe, extract
from streams.settings import Settings

INPUT, OTHER = TP("candidates", 0), TP("candidates", 1)
CHANGELOG = TP("cleanwire-dedupe-facts-changelog", 0)


class Thread:
    """Stands for aiokafka, which seeks nothing where nothing was committed."""

    def __init__(self, committed):
        self.committed = committed
        self.begun = []
        self.sought = {}

    async def seek_to_committed(self):
        return self.committed

    async def seek_to_beginning(self, *partitions):
        self.begun += partitions

    async def seek_wait(self, partitions):
        self.sought |= partitions


@contextlib.contextmanager
def built(stage, folder):
    """A stage's app, its event loop, and none of them left open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app = stage.build(Settings(data_dir=folder), web=False)
    thread = app.consumer._thread
    try:
        yield app, loop
    finally:
        thread.thread_loop.close()
        asyncio.set_event_loop(None)
        loop.close()


@pytest.mark.parametrize("nothing", [None, 0])
def test_a_partition_without_a_commit_is_read_from_its_beginning(tmp_path, nothing):
    with built(dedupe, tmp_path) as (app, loop):
        app.topics._acking_topics.add("candidates")
        thread = Thread({INPUT: nothing, OTHER: 5, CHANGELOG: None})
        app.consumer._thread = thread
        loop.run_until_complete(app.consumer.perform_seek())
        assert thread.begun == [INPUT]
        assert app.consumer._committed_offset[OTHER] == 5


@pytest.mark.parametrize("applied", [-1, 100])
def test_a_standby_goes_on_where_its_memory_ends_whatever_was_fetched(tmp_path, applied):
    with built(dedupe, tmp_path) as (app, loop):
        standby, active = CHANGELOG, TP(CHANGELOG.topic, 1)
        recovery = app.tables.recovery
        recovery.standby_tps.add(standby)
        recovery.standby_offsets[standby] = applied
        # Of an assignment before; it is not sought.
        recovery.standby_offsets[active] = 7
        app.consumer._thread = Thread({INPUT: 5, standby: None, active: None})
        loop.run_until_complete(app.consumer.perform_seek())
        assert app.consumer._thread.sought == {standby: applied + 1}
        assert app.consumer._read_offset[standby] is None


def test_no_position_outlives_a_revocation(tmp_path):
    with built(dedupe, tmp_path) as (app, loop):
        app.consumer._read_offset[INPUT] = 149
        loop.run_until_complete(app.on_partitions_revoked.send({INPUT}))
        assert app.consumer._read_offset[INPUT] is None


@pytest.mark.parametrize("stage", [extract, dedupe])
def test_nothing_is_fetched_between_recovery_and_seek(tmp_path, stage):
    with built(stage, tmp_path) as (app, loop):
        app.consumer.resume_flow()
        loop.run_until_complete(app.on_rebalance_complete.send())
        assert not app.consumer.flow_active
