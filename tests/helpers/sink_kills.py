"""A sink that is killed again and again while articles come, and what its tables hold in the end.

Invariant: the load and the kills follow from the seed. What the tables have to hold follows from
the topics, by the oracle.
"""

import contextlib
import dataclasses
import random
import subprocess
import sys
import time

from kafka import TopicPartition

from helpers import harness, sink_oracle, sunk
from helpers.harness import environment
from streams.consuming.published import Record
from streams.kafka import clients


@dataclasses.dataclass(frozen=True)
class Killed:
    """What a run of kills did.

    Attributes:
        kills: SIGKILLs that were sent.
        at_work: how many of them hit a sink that had committed since its start.
        records: on the topics.
        found: what the tables hold.
        wanted: what they have to hold.
        offsets: the sum of the kept offsets, which is that of the topics' ends.
        ends: the latter.
        seconds: how long it took.
    """

    kills: int
    at_work: int
    records: int
    found: sink_oracle.Tables
    wanted: sink_oracle.Tables
    offsets: int
    ends: int
    seconds: float

    @property
    def holds(self):
        return self.found == self.wanted and self.offsets == self.ends


def kill_run(settings, url, *, kills, events, seed):
    """Publish a made-up history, and kill a sink meanwhile; then let one come to the end."""
    began, draw = time.monotonic(), random.Random(seed)
    topics = {sunk.CLEAN: settings.topics.clean, sunk.DUPLICATES: settings.topics.duplicates}
    history = sink_oracle.history(draw, events)
    at_work = 0
    with clients.producer(settings) as producer:
        for number in range(kills):
            before = _offsets(url)
            process = _start(settings, url)
            try:
                part = history[number * events // kills : (number + 1) * events // kills]
                _publish(producer, topics, part)
                if number % 4 == 0:
                    # Killed while it starts, or soon after.
                    time.sleep(draw.uniform(0.2, 2.5))
                else:
                    _wait_for_work(url, before)
                    time.sleep(draw.uniform(0, 0.1))
            finally:
                process.kill()
                process.wait()
            at_work += _offsets(url) != before
    done = harness.cleanwire(settings, "sink", url, "--once")
    assert done.returncode == 0, done.stderr
    records = _read(settings, topics)
    return Killed(
        kills=kills,
        at_work=at_work,
        records=len(records),
        found=_renamed(sink_oracle.found(url), topics),
        wanted=sink_oracle.expected(records),
        offsets=_offsets(url),
        ends=sum(_ends(settings, topic) for topic in topics.values()),
        seconds=time.monotonic() - began,
    )


def _publish(producer, topics, part):
    for topic, event in part:
        made = sunk.record(event, 0)
        producer.send(topics[topic], key=made.key, value=made.value)
    producer.flush()


def _wait_for_work(url, before):
    deadline = time.monotonic() + 30
    while _offsets(url) == before and time.monotonic() < deadline:
        time.sleep(0.01)


def _start(settings, url):
    return subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", "sink"],
        env=environment(settings) | {"CLEANWIRE_SINK_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _offsets(url):
    with contextlib.suppress(Exception):
        ((total,),) = sunk.query(url, "SELECT sum(next_offset) FROM kafka_offset")
        return int(total or 0)
    return 0


def _ends(settings, topic):
    with clients.consumer(settings) as consumer:
        places = [TopicPartition(topic, one) for one in consumer.partitions_for_topic(topic)]
        return sum(consumer.end_offsets(places).values())


def _read(settings, topics):
    names = {name: topic for topic, name in topics.items()}
    return [
        Record(
            topic=names[one.topic], topic_id="T", partition=one.partition, offset=one.offset,
            key=one.key, value=one.value, at=one.timestamp,
        )
        for name in names
        for one in harness.records(settings, name, seconds=60)
    ]  # fmt: skip


def _renamed(tables, topics):
    names = {name: topic for topic, name in topics.items()}
    letters = {(names[topic], partition, offset) for topic, partition, offset in tables.letters}
    return dataclasses.replace(tables, letters=letters)
