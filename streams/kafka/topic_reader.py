"""Whole topics, read from the outside: what stands there, and how far a group has come.

Invariant: the end is what it was when the reading began, and an end that cannot be reached
is a fault, never a short answer.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import CoordinatorNotAvailableError

from streams.errors import OperationalError
from streams.kafka import clients
from streams.settings import Settings

Progress = Callable[[str, int, int], None]
"""Called with the topic, how many of its records are read, and how many there are."""

COORDINATOR_SECONDS = 15.0
POLL_MS = 500
SILENCE = 40
"""So many polls without a record, and the topic's end is taken for out of reach."""

CLOCKS = 300.0
"""Seconds by which the clocks of workers and brokers may differ."""


def committed(settings: Settings, group: str, topic: str) -> Mapping[TopicPartition, int]:
    """What a consumer group has committed of a topic."""
    return {place: offset for place, (offset, _) in commits(settings, group, topic).items()}


def commits(
    settings: Settings, group: str, topic: str
) -> Mapping[TopicPartition, tuple[int, str | None]]:
    """What a consumer group has committed of a topic: the offset, and the metadata with it."""
    with clients.admin(settings) as admin:
        offsets = when_coordinated(lambda: admin.list_group_offsets([group])).get(group, {})
    return {
        place: (entry.offset, entry.metadata)
        for place, entry in offsets.items()
        if place.topic == topic and entry.offset >= 0
    }


def when_coordinated(ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - untyped library
    """The answer to a question about a group, once there is who answers.

    The first such question after a cluster's birth makes it create the coordinator.
    """
    deadline = time.monotonic() + COORDINATOR_SECONDS
    while True:
        try:
            return ask()
        except CoordinatorNotAvailableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def partitions_in(consumer: KafkaConsumer, topic: str) -> list[TopicPartition]:
    """The partitions of a topic, in their order."""
    return [TopicPartition(topic, n) for n in sorted(consumer.partitions_for_topic(topic) or ())]


def records(
    consumer: KafkaConsumer,
    topic: str,
    progress: Progress,
    start: Mapping[TopicPartition, int] | None = None,
    *,
    only: int | None = None,
) -> Iterator[Any]:
    """Every record of a topic, to the end it has now; from its beginning or from `start`.

    Args:
        consumer: a consumer without a group; it is assigned the topic's partitions.
        topic: which one.
        progress: called as it goes on.
        start: where to begin, by partition.
        only: one partition, instead of all.

    Raises:
        OperationalError: the topic's end is out of reach.
    """
    partitions = partitions_in(consumer, topic)
    if only is not None:
        partitions = [place for place in partitions if place.partition == only]
    consumer.assign(partitions)
    firsts = consumer.beginning_offsets(partitions)
    ends = consumer.end_offsets(partitions)
    for partition in partitions:
        first = max(firsts[partition], (start or {}).get(partition, 0))
        consumer.seek(partition, first)
        firsts[partition] = first
    total = sum(max(0, ends[partition] - firsts[partition]) for partition in partitions)
    silent = 0
    while waiting := [tp for tp in partitions if consumer.position(tp) < ends[tp]]:
        batches = consumer.poll(timeout_ms=POLL_MS)
        silent = 0 if batches else silent + 1
        if silent == SILENCE:
            raise OperationalError(
                f"{topic} stops at offset {consumer.position(waiting[0])} of {ends[waiting[0]]}",
                "check the brokers' logs and try again",
            )
        for partition, records in batches.items():
            yield from (record for record in records if record.offset < ends[partition])
        left = sum(max(0, ends[tp] - consumer.position(tp)) for tp in partitions)
        progress(topic, total - left, total)


def first_record(consumer: KafkaConsumer, partition: TopicPartition, offset: int) -> Any:  # noqa: ANN401 - untyped library
    """The record at an offset of a partition, or the next one that is there; None at the end.

    Args:
        consumer: a consumer without a group; it is assigned the partition.
        partition: which one.
        offset: from where on.

    Raises:
        OperationalError: the partition cannot be read.
    """
    consumer.assign([partition])
    end = consumer.end_offsets([partition])[partition]
    consumer.seek(partition, max(offset, consumer.beginning_offsets([partition])[partition]))
    for _ in range(SILENCE):
        if consumer.position(partition) >= end:
            return None
        batches = consumer.poll(timeout_ms=POLL_MS, max_records=1)
        if batches:
            return batches[partition][0]
    raise OperationalError(
        f"{partition.topic} partition {partition.partition} cannot be read at offset {offset}",
        "check the brokers' logs and try again",
    )
