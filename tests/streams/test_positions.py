"""Where a worker reads on after a rebalance."""

import pytest
from faust.types import TP

from helpers.apps import CHANGELOG, built
from streams import dedupe, extract
from streams.supervision.logs import RepeatFilter

INPUT, OTHER = TP("candidates", 0), TP("candidates", 1)


class Thread:
    """Stands for aiokafka, which seeks nothing where nothing was committed."""

    def __init__(self, offsets, *, begin=0, end=10, metadata=""):
        self.offsets = offsets
        self.begin = begin
        self.end = end
        self.metadata = metadata
        self.sought = {}

    async def seek_to_committed(self):
        return self.offsets

    async def committed(self, partitions):
        known = {partition: self.offsets[partition] for partition in partitions}
        return {tp: (offset, self.metadata) for tp, offset in known.items() if offset is not None}

    async def earliest_offsets(self, *partitions):
        return dict.fromkeys(partitions, self.begin)

    async def highwaters(self, *partitions):
        return dict.fromkeys(partitions, self.end)

    async def seek_wait(self, partitions):
        self.sought |= partitions


@pytest.mark.slow
@pytest.mark.parametrize(
    ("committed", "begin", "place"), [(None, 0, 0), (0, 0, 0), (None, 3, 3), (2, 3, 3), (99, 3, 3)]
)
def test_a_partition_whose_commit_is_not_in_its_log_is_read_from_its_beginning(
    tmp_path, committed, begin, place
):
    with built(dedupe, tmp_path) as (app, loop):
        app.topics._acking_topics.add("candidates")
        thread = Thread({INPUT: committed, OTHER: 5, CHANGELOG: None}, begin=begin)
        app.consumer._thread = thread
        loop.run_until_complete(app.consumer.perform_seek())
        assert thread.sought == {INPUT: place, OTHER: 5}
        # Faust drops what is below the one, and commits nothing that is not over the other.
        assert app.consumer._read_offset[INPUT] == place
        assert app.consumer._committed_offset[INPUT] == (place or None)
        assert app.consumer._committed_offset[OTHER] == 5
        assert set(app.consumer.notes) == app.consumer.placed == {INPUT, OTHER}


def test_what_is_committed_while_partitions_are_revoked_still_has_its_note(tmp_path):
    with built(dedupe, tmp_path) as (app, loop):
        app.topics._acking_topics.add("candidates")
        app.consumer._thread = Thread({INPUT: 5})
        loop.run_until_complete(app.consumer.perform_seek())
        loop.run_until_complete(app.on_partitions_revoked.send({INPUT}))
        assert set(app.consumer.notes) == {INPUT}
        assert not app.consumer.placed


@pytest.mark.slow
def test_every_partition_that_goes_on_elsewhere_has_its_line(tmp_path, caplog):
    with built(dedupe, tmp_path) as (app, loop):
        app.topics._acking_topics.add("candidates")
        app.consumer._thread = Thread({INPUT: 99, OTHER: 99})
        for _ in range(2):
            loop.run_until_complete(app.consumer.perform_seek())
        once = RepeatFilter()
        said = [record.getMessage() for record in caplog.records if once.filter(record)]
        assert [line.split(":")[0] for line in said] == [
            "candidates partition 0",
            "candidates partition 1",
        ]


@pytest.mark.parametrize("applied", [-1, 100])
def test_a_standby_goes_on_where_its_memory_ends_whatever_was_fetched(tmp_path, applied):
    with built(dedupe, tmp_path) as (app, loop):
        standby, active = CHANGELOG, TP(CHANGELOG.topic, 1)
        recovery = app.tables.recovery
        recovery.standby_tps.add(standby)
        recovery.standby_offsets[standby] = applied
        # Of an assignment before; it is not sought.
        recovery.standby_offsets[active] = 7
        app.topics._acking_topics.add("candidates")
        app.consumer._thread = Thread({INPUT: 5, standby: None, active: None})
        loop.run_until_complete(app.consumer.perform_seek())
        assert app.consumer._thread.sought == {INPUT: 5, standby: applied + 1}
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
