"""What a worker holds while far more waits, and how soon a lost one is replaced; on a real broker."""

import asyncio
import importlib.util
import sys
import types
from pathlib import Path

import pytest
from faust.types import TP
from mode.utils.queues import FlowControlEvent

from streams.runtime import flow_control
from streams.settings import Settings

BENCH = Path(__file__).resolve().parents[2] / "bench"


def bench(name):
    """A program of bench/ as a module."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", BENCH / f"{name}.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def event(size):
    return types.SimpleNamespace(message=types.SimpleNamespace(value=bytes(size)))


def test_a_queue_is_full_by_bytes_and_lets_one_large_event_pass():
    async def body():
        flow = FlowControlEvent()
        flow.resume()
        queue = flow_control.Queue(100, flow_control=flow, clear_on_resume=True)
        await queue.put(event(flow_control.QUEUE_BYTES - 1))
        assert not queue.full()
        await queue.put(event(100))
        assert queue.full()
        waiting = asyncio.create_task(queue.put(event(1)))
        await asyncio.sleep(0)
        assert queue.qsize() == 2
        await queue.get()
        await waiting
        assert queue.qsize() == 2
        queue.clear()
        await queue.put(event(10 * flow_control.QUEUE_BYTES))
        assert queue.full()
        queue.clear()
        assert not queue.full()

    asyncio.run(body())


def test_nothing_is_queued_over_a_rebalance():
    async def body():
        flow = FlowControlEvent()
        queue = flow_control.Queue(1, flow_control=flow, clear_on_resume=True)
        await queue.put(event(1))
        assert queue.empty()
        flow.resume()
        await queue.put(event(1))
        late = asyncio.create_task(queue.put(event(2)))
        await asyncio.sleep(0)
        flow.suspend()
        flow.clear()
        flow.resume()
        await asyncio.wait([late])
        assert queue.empty()

    asyncio.run(body())


RAW, CHANGELOG = TP("raw-pages", 0), TP("changelog", 0)


def test_no_input_is_asked_for_while_the_last_answer_waits_but_changelogs_are():
    thread = flow_control.Thread.__new__(flow_control.Thread)
    thread.app = types.SimpleNamespace(
        topics=types.SimpleNamespace(acks_enabled_for=lambda topic: topic == RAW.topic)
    )
    both = types.SimpleNamespace(topics=[(RAW.topic, [0]), (CHANGELOG.topic, [0])])
    only = types.SimpleNamespace(topics=[(RAW.topic, [1])])
    assert list(thread._without_input([(1, both), (2, only)])) == [(1, both)]
    assert both.topics == [(CHANGELOG.topic, [0])]


@pytest.mark.broker
def test_a_backlog_of_large_pages_does_not_go_into_memory(two_at_a_time):
    memory = bench("memory")
    peak, done = memory.stream(two_at_a_time, size=1, count=300, seconds=60)
    assert done
    assert peak.holds(1), peak


@pytest.mark.slow
def test_the_batch_mode_holds_no_more_of_a_long_input(tmp_path):
    memory = bench("memory")
    peak, done = memory.batch(Settings(clean_processes=2), tmp_path, size=1, count=150, seconds=15)
    assert done
    assert peak.holds(1), peak


@pytest.mark.alone
@pytest.mark.broker
def test_the_partitions_of_a_killed_worker_are_served_again_within_the_bound(settings):
    failover = bench("failover")
    default = type(settings).model_fields["session_timeout"].default
    usual = settings.model_copy(update={"session_timeout": default})
    with failover.Pair(usual, named=False) as pair:
        trial = next(pair.trials("kill"))
    assert 0 < trial.first <= trial.last <= failover.BOUND
