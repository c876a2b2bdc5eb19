"""How messages get from Faust's consumer to a stage's queue: at once, or by Faust where they may wait."""

import asyncio
import types

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from helpers.apps import built
from streams import extract
from streams.runtime import commits
from streams.runtime.consumer import HANDED_AT_A_TIME, Consumer

INPUT = TP("raw-pages", 0)


class Stage:
    """Stands for the conductor and the queue of a stage."""

    def __init__(self, room):
        self.room = room
        self.queued = []
        self.queue = types.SimpleNamespace(full=lambda: self.room <= 0)

    async def callback(self, message):
        while self.room <= 0:  # noqa: ASYNC110 - as short as the test
            await asyncio.sleep(0)
        self.room -= 1
        self.queued.append(message.offset)


@pytest.fixture
def consumer(tmp_path, monkeypatch):
    with built(extract, tmp_path) as (app, loop):
        app.flow_control.resume()
        app.consumer.resume_flow()
        yield app.consumer, loop, monkeypatch


def offsets(monkeypatch, numbers):
    """Let Faust's consumer read records with these offsets."""

    async def getmany(_self, _timeout):
        for number in numbers:
            yield (
                INPUT,
                types.SimpleNamespace(offset=number, topic=INPUT.topic, key=None, value=b""),
            )

    monkeypatch.setattr(commits.Consumer, "getmany", getmany, raising=False)


def left_to_faust(consumer, loop):
    async def read():
        return [message.offset async for _, message in consumer.getmany(1.0)]

    return loop.run_until_complete(read())


def connect(consumer, stage):
    consumer.app.topics._tp_index[INPUT] = {stage}
    consumer.callback = stage.callback


def test_messages_are_handed_over_until_the_queue_is_full(consumer):
    consumer, loop, monkeypatch = consumer
    offsets(monkeypatch, range(7, 12))
    stage = Stage(room=3)
    connect(consumer, stage)
    assert left_to_faust(consumer, loop) == [10, 11]
    assert stage.queued == [7, 8, 9]
    assert consumer._read_offset[INPUT] == 9


def test_a_message_before_the_read_position_is_left_to_faust_which_drops_it(consumer):
    consumer, loop, monkeypatch = consumer
    offsets(monkeypatch, [3, 5, 6])
    stage = Stage(room=9)
    connect(consumer, stage)
    consumer._read_offset[INPUT] = 5
    assert left_to_faust(consumer, loop) == [3]
    assert stage.queued == [5, 6]


@pytest.mark.parametrize("why", ["flow", "flow control", "lock", "nobody"])
def test_whatever_may_have_to_wait_is_left_to_faust(consumer, why):
    consumer, loop, monkeypatch = consumer
    offsets(monkeypatch, [1])
    stage = Stage(room=9)
    connect(consumer, stage)
    if why == "flow":
        consumer.stop_flow()
    elif why == "flow control":
        consumer.app.flow_control.suspend()
    elif why == "lock":
        loop.run_until_complete(consumer.app.topics._tp_to_callback_lock.acquire())
    else:
        consumer.app.topics._tp_index.clear()
    assert left_to_faust(consumer, loop) == [1]
    assert stage.queued == []


def test_other_tasks_get_a_turn_between_many_messages(consumer):
    consumer, loop, monkeypatch = consumer
    offsets(monkeypatch, range(3 * HANDED_AT_A_TIME))
    stage = Stage(room=10_000)
    connect(consumer, stage)
    seen = []

    async def both():
        async def other():
            for _ in range(3):
                seen.append(len(stage.queued))
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        async for _ in consumer.getmany(1.0):
            pass
        await task

    loop.run_until_complete(both())
    assert seen == [HANDED_AT_A_TIME, 2 * HANDED_AT_A_TIME, 3 * HANDED_AT_A_TIME]


@given(rooms=st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_faust_gets_every_message_to_the_stage_in_order_and_makes_tasks_for_full_queues_alone(
    tmp_path_factory, rooms
):
    waits = []
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        built(extract, tmp_path_factory.mktemp("data")) as (app, loop),
    ):
        app.flow_control.resume()
        app.consumer.resume_flow()
        offsets(monkeypatch, range(1, 10))
        stage = Stage(room=rooms[0])
        connect(app.consumer, stage)
        wait_first = app.consumer.wait_first

        async def counted(*coroutines):
            waits.append(len(stage.queued))
            assert stage.queue.full()
            stage.room += 1 + rooms[len(waits) % len(rooms)]
            return await wait_first(*coroutines)

        monkeypatch.setattr(app.consumer, "wait_first", counted)
        once = Consumer.getmany

        async def one_round(self, timeout):  # noqa: ASYNC109 - Faust's signature
            async for each in once(self, timeout):
                yield each
            self._stopped.set()

        monkeypatch.setattr(Consumer, "getmany", one_round)
        fetcher = types.SimpleNamespace(_stopped=asyncio.Event())
        loop.run_until_complete(app.consumer._drain_messages(fetcher))
    assert stage.queued == list(range(1, 10))
    assert app.consumer._read_offset[INPUT] == 9
