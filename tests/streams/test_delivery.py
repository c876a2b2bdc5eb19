"""The one rule of delivery, against a bus whose acknowledgements come when the test says."""

import asyncio
import types

import pytest

from streams.runtime import delivery as module
from streams.runtime.delivery import Delivery, Produce
from streams.runtime.instruments import CountedPage, Instruments


class Signal:
    def __init__(self):
        self.receivers = []

    def connect(self, receiver, *, weak):
        assert not weak
        self.receivers.append(receiver)

    def disconnect(self, receiver):
        self.receivers.remove(receiver)

    async def send(self):
        for receiver in self.receivers:
            await receiver()


class Bus:
    """Stands for the app: its producer, its consumer and its crash."""

    def __init__(self):
        self.sent = []
        self.acks = []
        self.crashed = None
        self.commits = 0
        self.on_partitions_revoked = Signal()
        self.producer = self
        self.consumer = self

    async def send(self, topic, *, value, **record):
        assert set(record) == {"key", "partition", "timestamp", "headers"}
        assert topic == "out"
        future = asyncio.get_running_loop().create_future()
        self.sent.append((value, future))
        return future

    async def commit(self):
        self.commits += 1

    async def crash(self, error):
        self.crashed = error

    def event(self, offset, size=1):
        return types.SimpleNamespace(
            message=types.SimpleNamespace(value=bytes(size), offset=offset),
            ack=lambda: self.acks.append(offset),
        )

    def acknowledge(self, number, offset=0):
        self.sent[number][1].set_result(types.SimpleNamespace(partition=0, offset=offset))


def produce(value, **more):
    return Produce(topic="out", key=None, value=value, **more)


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


def run(scenario, **limits):
    async def body():
        bus = Bus()
        async with Delivery(bus, **{"limit": 10, "limit_bytes": 1000, **limits}) as queue:
            await scenario(bus, queue)
        return bus

    return asyncio.run(body())


def test_nothing_is_acked_before_the_broker_has_every_record_of_it():
    async def scenario(bus, queue):
        await queue.put(bus.event(1), [produce(b"a"), produce(b"b")])
        await settle()
        assert [value for value, _ in bus.sent] == [b"a", b"b"]
        bus.acknowledge(0)
        await settle()
        assert bus.acks == []
        bus.acknowledge(1)
        await settle()
        assert bus.acks == [1]
        assert queue.in_flight == 0

    run(scenario)


def test_acks_come_in_the_order_of_the_events_whatever_comes_first():
    async def scenario(bus, queue):
        slow = asyncio.get_running_loop().create_future()
        await queue.put(bus.event(1), slow)
        await queue.put(bus.event(2), [produce(b"2")])
        await settle()
        assert bus.sent == []
        slow.set_result([produce(b"1")])
        await settle()
        assert [value for value, _ in bus.sent] == [b"1", b"2"]
        bus.acknowledge(1)
        await settle()
        assert bus.acks == []
        bus.acknowledge(0)
        await settle()
        assert bus.acks == [1, 2]

    run(scenario)


def test_a_record_that_waits_is_sent_when_all_before_is_acknowledged():
    async def scenario(bus, queue):
        await queue.put(bus.event(1), [produce(b"1")])
        await queue.put(bus.event(2), [produce(b"2a"), produce(b"2b", waits=True)])
        await queue.put(bus.event(3), [produce(b"3")])
        await settle()
        assert [value for value, _ in bus.sent] == [b"1"]
        bus.acknowledge(0)
        await settle()
        assert [value for value, _ in bus.sent] == [b"1", b"2a", b"2b", b"3"]
        for number in (1, 2, 3):
            bus.acknowledge(number)
        await settle()
        assert bus.acks == [1, 2, 3]

    run(scenario)


def test_a_record_that_waits_is_not_sent_when_its_partition_is_gone(monkeypatch):
    monkeypatch.setattr(module, "DRAIN_SECONDS", 0.01)

    async def scenario(bus, queue):
        await queue.put(bus.event(1), [produce(b"1")])
        await queue.put(bus.event(2), [produce(b"2", waits=True)])
        await settle()
        await bus.on_partitions_revoked.send()
        await queue.put(bus.event(3), [produce(b"3")])
        await settle()
        assert [value for value, _ in bus.sent] == [b"1", b"3"]
        for number in (0, 1):
            bus.acknowledge(number)
        await settle()
        assert bus.acks == [3]

    run(scenario)


def test_an_event_that_leads_to_nothing_is_acked_in_its_turn():
    async def scenario(bus, queue):
        await queue.put(bus.event(1), [])
        await settle()
        assert bus.acks == [1]

    run(scenario)


@pytest.mark.parametrize("broken", ["produce", "outcome"])
def test_a_fault_stops_the_app_with_nothing_acked(broken, monkeypatch):
    monkeypatch.setattr(module, "DRAIN_SECONDS", 0.01)

    async def failing():
        raise OSError("disk full")

    async def scenario(bus, queue):
        if broken == "outcome":
            await queue.put(bus.event(1), failing())
        else:
            await queue.put(bus.event(1), [produce(b"1")])
        await queue.put(bus.event(2), [produce(b"2")])
        await settle()
        if broken == "produce":
            bus.sent[0][1].set_exception(OSError("no broker"))
            bus.acknowledge(1)
        await settle()
        assert isinstance(bus.crashed, OSError)
        assert bus.acks == []

    run(scenario)


def test_acknowledged_is_called_with_the_place_of_the_record():
    places = []

    async def scenario(bus, queue):
        record = produce(
            b"x", acknowledged=lambda partition, offset: places.append((partition, offset))
        )
        await queue.put(bus.event(1), [record])
        await settle()
        bus.acknowledge(0, offset=42)
        await settle()

    run(scenario)
    assert places == [(0, 42)]


@pytest.mark.parametrize("limits", [{"limit": 2}, {"limit_bytes": 200}])
def test_the_queue_is_bounded_by_events_and_by_bytes(limits):
    async def scenario(bus, queue):
        await queue.put(bus.event(1, size=100), [produce(b"1")])
        await queue.put(bus.event(2, size=100), [produce(b"2")])
        third = asyncio.create_task(queue.put(bus.event(3, size=100), []))
        await settle()
        assert not third.done()
        bus.acknowledge(0)
        await settle()
        assert third.done()
        bus.acknowledge(1)

    run(scenario, **limits)


def test_one_event_over_the_byte_limit_passes_alone():
    async def scenario(bus, queue):
        await queue.put(bus.event(1, size=5000), [])
        await settle()
        assert bus.acks == [1]

    run(scenario)


def test_revocation_empties_the_queue_commits_and_drops_the_rest_unacked(monkeypatch):
    monkeypatch.setattr(module, "DRAIN_SECONDS", 0.05)

    async def scenario(bus, queue):
        await queue.put(bus.event(1), [produce(b"1")])
        await queue.put(bus.event(2), [produce(b"2")])
        await settle()
        revoked = asyncio.create_task(bus.on_partitions_revoked.send())
        await settle()
        bus.acknowledge(0)
        await revoked
        assert bus.acks == [1]
        assert bus.commits == 1
        assert queue.in_flight == 0
        bus.acknowledge(1)
        await queue.put(bus.event(7), [produce(b"7")])
        await settle()
        bus.acknowledge(2)
        await settle()
        assert bus.acks == [1, 7]

    run(scenario)


def test_an_event_that_waited_for_room_over_a_revocation_is_dropped_too(monkeypatch):
    monkeypatch.setattr(module, "DRAIN_SECONDS", 0.01)

    async def scenario(bus, queue):
        await queue.put(bus.event(1), [produce(b"1")])
        waiting = asyncio.create_task(queue.put(bus.event(2), [produce(b"2")]))
        await settle()
        await bus.on_partitions_revoked.send()
        await waiting
        await settle()
        assert [value for value, _ in bus.sent] == [b"1"]
        assert bus.acks == []

    run(scenario, limit=1)


def test_an_agent_that_raises_stops_the_app(monkeypatch):
    monkeypatch.setattr(module, "DRAIN_SECONDS", 0.01)
    bus = Bus()

    async def body():
        async with Delivery(bus, limit=10, limit_bytes=1000) as queue:
            await queue.put(bus.event(1), [produce(b"1")])
            raise LookupError("a bug")

    with pytest.raises(LookupError):
        asyncio.run(body())
    assert isinstance(bus.crashed, LookupError)
    assert bus.acks == []


def counted(instruments, name):
    families = instruments.collect()
    return sum(one.value for family in families for one in family.samples if one.name == name)


def test_a_page_counts_when_its_event_is_acked_and_not_when_it_is_dropped(monkeypatch):
    monkeypatch.setattr("streams.runtime.delivery.DRAIN_SECONDS", 0.01)
    instruments = Instruments("dedupe")

    def produce():
        return Produce(
            topic="out", key=None, value=b"abc", page=CountedPage(outcome="clean", kind="new")
        )

    async def run():
        bus = Bus()
        async with Delivery(bus, limit=10, limit_bytes=1000, instruments=instruments) as queue:
            await queue.put(
                bus.event(1, size=7), [produce(), Produce(topic="out", key=None, value=b"x")]
            )
            await settle()
            bus.acknowledge(0)
            await settle()
            # One of its two records is not acknowledged.
            assert counted(instruments, "cleanwire_pages_total") == 0
            bus.acknowledge(1)
            await settle()
            assert bus.acks == [1]
            assert counted(instruments, "cleanwire_pages_total") == 1
            assert counted(instruments, "cleanwire_input_bytes_total") == 7
            assert counted(instruments, "cleanwire_output_bytes_total") == 4
            # Its partition goes before it is acked: the next owner works on it, and counts it.
            await queue.put(bus.event(2), [produce()])
            await settle()
            await bus.on_partitions_revoked.send()
            bus.acknowledge(2)
            await settle()
            assert counted(instruments, "cleanwire_events_total") == 1
            # It comes again, to this worker.
            await queue.put(bus.event(2), [produce()])
            await settle()
            bus.acknowledge(3)
            await settle()
        assert bus.acks == [1, 2]

    asyncio.run(run())
    assert counted(instruments, "cleanwire_pages_total") == 2


@pytest.mark.parametrize("broken", ["tally", "instruments"])
def test_what_cannot_be_counted_is_acked_and_stops_nothing(broken, caplog):
    def fails(*_):
        raise KeyError("no such series")

    instruments = types.SimpleNamespace(acked=fails if broken == "instruments" else lambda *_: None)

    async def scenario(bus, queue):
        for offset in (1, 2):
            await queue.put(bus.event(offset), [produce(b"a")])
            await settle()
            bus.acknowledge(offset - 1)
            await settle()
        assert queue.in_flight == 0

    more = {"acked": fails} if broken == "tally" else {}
    bus = run(scenario, instruments=instruments, **more)
    assert bus.acks == [1, 2]
    assert bus.crashed is None
    assert "could not be counted" in caplog.text
