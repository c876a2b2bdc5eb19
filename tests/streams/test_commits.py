"""Which offset is committed, where offsets are missing and where records were lost on their way."""

import types

import pytest
from faust.types import TP

from helpers.apps import built
from streams import extract
from streams.runtime.commits import Reading

PLACE = TP("raw-pages", 0)


def client(position):
    """What an aiokafka consumer with one partition says of itself."""
    state = types.SimpleNamespace(_position=position)
    assignment = types.SimpleNamespace(tps={PLACE}, state_value=lambda _: state)
    return types.SimpleNamespace(
        _subscription=types.SimpleNamespace(
            subscription=types.SimpleNamespace(assignment=assignment)
        )
    )


def reading(*steps):
    """A reading of steps: offsets that are taken, or a position that is entered."""
    done, bus = Reading(), client(None)
    state = bus._subscription.subscription.assignment.state_value(PLACE)
    for step in steps:
        if isinstance(step, list):
            records = [types.SimpleNamespace(offset=offset) for offset in step]
            done.took(bus, {PLACE: records} if records else {})
        else:
            state._position = step
            done.rests(bus)
    return done


@pytest.mark.parametrize(
    ("steps", "handed", "acked", "wanted"),
    [
        pytest.param([[], 0], None, None, None, id="nothing was read"),
        pytest.param([[], 5], None, None, 5, id="offsets that are no records alone"),
        pytest.param([[0, 1], 2], 1, 1, 2, id="records alone"),
        pytest.param([[0, 3, 9], 10], 9, 9, 10, id="gaps between them"),
        pytest.param([[3], 9], 3, 3, 9, id="a marker at the end"),
        pytest.param([[3], 9, [], 12], 3, 3, 12, id="and more of them"),
        pytest.param([[3, 4], 9], 3, 3, 4, id="one that is read and not handed"),
        pytest.param([[3, 4], 9], 4, 3, 4, id="one that is handed and not acked"),
        pytest.param([[3, 4], 9], None, None, None, id="all of them lost on their way"),
        pytest.param([[3], 9, [10]], 10, 10, 11, id="positions of a look before"),
        pytest.param([[3], 9, [3], 4], 3, None, None, id="read again after a seek"),
        pytest.param([[10], 20], None, 10, 11, id="acked before a rebalance"),
    ],
)
def test_everything_before_a_committed_offset_is_done_or_no_record(
    tmp_path, steps, handed, acked, wanted
):
    with built(extract, tmp_path) as (app, _):
        app.topics._acking_topics.add(PLACE.topic)
        consumer = app.consumer
        consumer.reading = reading(*steps)
        if handed is not None:
            consumer.handed[PLACE] = handed
        if acked is not None:
            consumer.acked[PLACE] = acked
        assert consumer._new_offset(PLACE) == wanted
        assert list(consumer._filter_tps_with_pending_acks()) == [PLACE]


def test_what_was_read_in_an_assignment_before_counts_for_nothing():
    done = Reading()
    done.took(client(None), {PLACE: [types.SimpleNamespace(offset=7)]})
    done.rests(client(3))
    assert not done.parts
    after = client(3)
    done.took(after, {})
    done.rests(after)
    assert done.parts[PLACE].last is None


def test_a_large_gap_costs_nothing(tmp_path):
    with built(extract, tmp_path) as (app, loop):
        consumer = app.consumer
        loop.run_until_complete(consumer._add_gap(PLACE, 1, 10**12))
        consumer._acked[PLACE] = [0, 10**12]
        consumer.acked[PLACE] = 10**12
        assert consumer._new_offset(PLACE) == 10**12 + 1
        assert not consumer._acked[PLACE]
