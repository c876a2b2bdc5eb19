"""How far a group is behind, in records and in seconds: what other exporters got wrong.

The cases marked with a project and a number are reports of users of other exporters.
"""

import asyncio
import dataclasses
import time

import confluent_kafka
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError
from kafka.structs import TopicPartition as KafkaPartition

from helpers.harness import page, publish
from streams.kafka import clients
from streams.settings import Settings
from streams.stage import app_id
from streams.web.reading import lag as module
from streams.web.reading.backlog import Backlog
from streams.web.reading.lag import LagMeter
from streams.web.reading.owners import Owners
from streams.web.reading.readings import Readings
from streams.web.reading.state import Lag, State
from streams.web.reading.tailer import Tailer
from streams.web.reading.workers import Workers

NOW = 1_800_000_000.0


def behind(records=1, partition=0, offset=0):
    return Lag(group="g", topic="t", partition=partition, records=records, offset=offset)


@pytest.mark.parametrize(
    ("lag", "seconds"),
    [
        (Lag(group="g", topic="t", partition=0, records=0, oldest=NOW - 9), 0.0),
        (Lag(group="g", topic="t", partition=0, records=4, oldest=NOW - 9), 9.0),
        # A producer's clock is ahead.
        (Lag(group="g", topic="t", partition=0, records=4, oldest=NOW + 9), 0.0),
        (Lag(group="g", topic="t", partition=0, records=4), None),
    ],
)
def test_the_age_of_the_oldest_unread_record(lag, seconds):
    assert lag.seconds(NOW) == seconds


@pytest.fixture
def reads(monkeypatch):
    """What is read of the topics, which answer at once."""
    done = []

    async def written(_reader, place, offset, _seconds):
        done.append((place.partition, offset))
        return NOW + offset

    monkeypatch.setattr(module, "_written", written)
    return done


def measure(meter, lags):
    asyncio.run(meter._read_oldest(lags, None))
    return [meter._with_oldest(lag).oldest for lag in lags]


def test_a_measurement_reads_so_many_records_and_every_partition_has_its_turn(reads, monkeypatch):
    monkeypatch.setattr(module, "MOST_READS", 2)
    meter = LagMeter(Settings())
    for lap in range(3):
        ages = measure(meter, [behind(partition=n, offset=lap) for n in range(5)])
        assert len(reads) == 2 * (lap + 1)
    assert {partition for partition, _ in reads} == set(range(5))
    # What was not read in this lap has the time of an earlier record, which is too old at most.
    assert [age is not None and age <= NOW + 2 for age in ages] == [True] * 5


def test_an_offset_that_stays_is_read_once(reads):
    meter = LagMeter(Settings())
    for _ in range(10):
        assert measure(meter, [behind(offset=7)]) == [NOW + 7]
    assert reads == [(0, 7)]


@pytest.mark.usefixtures("reads")
def test_a_group_that_goes_back_does_not_keep_the_time_of_a_later_record(monkeypatch):
    meter = LagMeter(Settings())
    assert measure(meter, [behind(offset=7)]) == [NOW + 7]
    monkeypatch.setattr(module, "MOST_READS", 0)
    assert measure(meter, [behind(offset=3)]) == [None]


def test_a_partition_that_is_gone_is_forgotten(reads):
    meter = LagMeter(Settings())
    measure(meter, [behind(partition=n) for n in range(5)])
    measure(meter, [behind(partition=0)])
    assert len(reads) == 5
    assert list(meter._oldest) == [TopicPartition("t", 0)]


def test_a_topic_that_may_not_be_read_is_left_alone_and_others_have_their_age(monkeypatch):
    asked = []

    async def written(_reader, place, offset, _seconds):
        asked.append(place.topic)
        if place.topic == "forbidden":
            raise TopicAuthorizationFailedError(place.topic)
        return NOW + offset

    monkeypatch.setattr(module, "_written", written)
    meter = LagMeter(Settings())
    forbidden = [
        Lag(group="g", topic="forbidden", partition=n, records=1, offset=0) for n in range(9)
    ]
    for lap in range(10):
        moved = [dataclasses.replace(lag, offset=lap) for lag in forbidden]
        ages = measure(meter, [*moved, behind(offset=lap)])
    assert ages == [None] * 9 + [NOW + 9]
    assert asked.count("forbidden") == 1


class Group:
    """The group of `extract` on one partition, measured as the view measures it."""

    def __init__(self, settings, number):
        self.settings = settings
        self.place = TopicPartition(settings.topics.raw, number)

    def commit(self, offset):
        async def run():
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self.settings.broker,
                group_id=app_id(self.settings, "extract"),
                enable_auto_commit=False,
            )
            await consumer.start()
            try:
                consumer.assign([self.place])
                await consumer.commit({self.place: offset})
            finally:
                await consumer.stop()

        asyncio.run(run())

    def lags(self):
        async def run():
            state = State(time.time())
            readings = Readings(
                state=state,
                backlog=Backlog(),
                workers=Workers(self.settings),
                owners=Owners({}, 30.0),
            )
            tailer = Tailer(self.settings, readings)
            tailer.start()
            try:
                async with asyncio.timeout(30):
                    while not state.lags:  # noqa: ASYNC110 - the state has no event
                        await asyncio.sleep(0.05)
            finally:
                await tailer.stop()
            return state.lags

        return asyncio.run(run())

    def lag(self):
        (found,) = [
            lag
            for lag in self.lags()
            if (lag.topic, lag.partition) == (self.place.topic, self.place.partition)
        ]
        return found


@pytest.mark.broker
@pytest.mark.timeout(180)
def test_lag_is_told_in_records_and_seconds_whatever_was_committed(settings):
    group = Group(settings, 0)
    assert (group.lag().records, group.lag().seconds(time.time())) == (0, 0.0)

    first = time.time()
    publish(settings, [page(0)], partition=0)
    time.sleep(3)
    second = time.time()
    publish(settings, [page(1), page(2)], partition=0)
    # Nothing is committed: the group will read from the start (danielqsj/kafka_exporter#28).
    found = group.lag()
    assert (found.records, found.committed) == (3, False)
    assert found.oldest == pytest.approx(first, abs=1.5)

    group.commit(1)
    found = group.lag()
    assert found.records == 2
    assert found.oldest == pytest.approx(second, abs=1.5)

    group.commit(3)
    assert (group.lag().records, group.lag().seconds(time.time())) == (0, 0.0)

    # The group will start anew at a record that is older (seglo/kafka-lag-exporter#197).
    group.commit(30)
    found = group.lag()
    assert found.records == 3
    assert found.oldest == pytest.approx(first, abs=1.5)

    # Retention empties an idle topic before the group is done (seglo/kafka-lag-exporter#37).
    group.commit(1)
    with clients.admin(settings) as admin:
        admin.delete_records({KafkaPartition(group.place.topic, 0): 3})
    found = group.lag()
    assert (found.records, found.seconds(time.time()), found.unread) == (0, 0.0, 2)


@pytest.mark.broker
@pytest.mark.timeout(180)
def test_the_marker_of_a_transaction_has_no_age_and_keeps_no_other_partition_waiting(settings):
    crawler = confluent_kafka.Producer(
        {
            "bootstrap.servers": settings.broker,
            "log_level": 0,
            "transactional.id": f"{settings.topic_prefix}crawler",
        }
    )
    crawler.init_transactions(60)
    crawler.begin_transaction()
    crawler.produce(settings.topics.raw, page(0), partition=0)
    assert crawler.flush(30) == 0
    crawler.abort_transaction(60)
    publish(settings, [page(1)], partition=1)
    began = time.monotonic()
    held = Group(settings, 0)
    # Offset 1 is the marker. Nothing comes after it.
    held.commit(1)
    lags = {lag.partition: lag for lag in held.lags() if lag.topic == settings.topics.raw}
    assert (lags[0].records, lags[0].oldest) == (1, None)
    assert lags[1].oldest == pytest.approx(time.time(), abs=15)
    assert time.monotonic() - began < 15


@pytest.mark.broker
def test_a_large_batch_is_read_for_its_first_record_and_the_reader_goes_on(settings):
    body = "a" * 4_000_000
    publish(settings, [page(0, text=body), page(1)], partition=0)
    publish(settings, [page(2)], partition=1)
    lags = [lag for lag in Group(settings, 0).lags() if lag.records]
    assert len(lags) == 2
    assert all(lag.oldest is not None for lag in lags)
