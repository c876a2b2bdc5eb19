"""Asks Kafka about a run: how far the stream has come, and how often its groups rebalanced.

Invariant: while Kafka is away, the answer is that nothing is known. The caller asks again.
"""

import contextlib
import struct
from collections.abc import Iterator
from typing import Self

from kafka import KafkaConsumer
from kafka.errors import KafkaError

from streams.errors import OperationalError
from streams.kafka import clients
from streams.kafka.outcome_topics import outcome_topics
from streams.kafka.topic_reader import committed, partitions_in
from streams.settings import Settings
from streams.stage import STAGES, app_id, input_topic

OFFSETS = "__consumer_offsets"
_GROUP_METADATA = 2
"""The version of a key in Kafka's offsets topic whose record is the state of a whole group."""


def lag(settings: Settings) -> int | None:
    """How many records of `raw-pages` and `candidates` are not committed; None if unknown."""
    try:
        with clients.consumer(settings) as consumer:
            left = 0
            for stage in STAGES:
                topic = input_topic(settings, stage)
                done = committed(settings, app_id(settings, stage), topic)
                for place, end in consumer.end_offsets(partitions_in(consumer, topic)).items():
                    left += end - max(0, done.get(place, 0))
            return left
    except (OperationalError, KafkaError):
        return None


class Flow:
    """Counts the records on the outcome topics; use as a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._topics = tuple(outcome_topics(settings))
        self._settings = settings
        self._open = contextlib.ExitStack()
        self._consumer: KafkaConsumer | None = None
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def count(self) -> int:
        """How many outcomes there are, including those of redelivered pages, as last known."""
        try:
            if self._consumer is None:
                self._consumer = self._open.enter_context(clients.consumer(self._settings))
            places = [p for topic in self._topics for p in partitions_in(self._consumer, topic)]
            self._count = sum(self._consumer.end_offsets(places).values())
        except (OperationalError, KafkaError):
            self._consumer = None
            self._open.close()
        return self._count


def is_replicated(settings: Settings) -> bool:
    """Whether all copies of every partition of every topic are in sync; False while unknown."""
    try:
        with clients.admin(settings) as admin:
            return all(
                len(partition["isr_nodes"]) == len(partition["replica_nodes"])
                for topic in admin.describe_topics()
                for partition in topic["partitions"]
            )
    except (OperationalError, KafkaError):
        return False


class Rebalances:
    """Counts the rebalances of both groups from Kafka's own records.

    Kafka writes a generation of a group for each rebalance that comes to its end.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._groups = {app_id(settings, stage): stage for stage in STAGES}
        self._latest = dict.fromkeys(STAGES, 0)
        self._from: dict[int, int] = {}

    def count(self) -> int:
        """How many rebalances there were until now, as far as Kafka answers."""
        try:
            with clients.consumer(self._settings) as consumer:
                for key, value in self._new(consumer):
                    group = _group(key)
                    if group in self._groups and value:
                        stage = self._groups[group]
                        self._latest[stage] = max(self._latest[stage], _generation(value))
        except (OperationalError, KafkaError):
            pass
        return sum(self._latest.values())

    def _new(self, consumer: KafkaConsumer) -> Iterator[tuple[bytes, bytes | None]]:
        partitions = partitions_in(consumer, OFFSETS)
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        for place in partitions:
            consumer.seek(place, self._from.get(place.partition, 0))
        while any(consumer.position(place) < ends[place] for place in partitions):
            batches = consumer.poll(timeout_ms=500)
            if not batches:
                return
            for batch in batches.values():
                yield from ((record.key or b"", record.value) for record in batch)
            self._from = {place.partition: consumer.position(place) for place in partitions}


def _group(key: bytes) -> str | None:
    """The group of a key; None if its record is not the state of a whole group."""
    version, length = struct.unpack_from(">hh", key)
    return key[4 : 4 + length].decode() if version == _GROUP_METADATA else None


def _generation(value: bytes) -> int:
    _, length = struct.unpack_from(">hh", value)
    (generation,) = struct.unpack_from(">i", value, 4 + max(0, length))
    return int(generation)
