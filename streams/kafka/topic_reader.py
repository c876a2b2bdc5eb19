"""Reads whole topics without a consumer group, and the commits of other groups.

Invariant: a reading covers a topic up to the end that it had when the reading began. An end that
cannot be reached is an error, never a shorter result.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import CoordinatorNotAvailableError

from streams.errors import OperationalError
from streams.kafka import clients
from streams.settings import Settings

Progress = Callable[[str, int, int], None]
"""Called with the topic, the number of its offsets that are read, and the number to read in all."""

COORDINATOR_SECONDS = 15.0
"""Seconds that a cluster may take to create the coordinator of a group."""

POLL_MS = 500
"""Milliseconds that one poll waits for records."""

SILENCE = 40
"""The number of polls in a row without a record after which the end counts as out of reach."""

CLOCKS = 300.0
"""Seconds by which the clocks of workers and brokers may differ."""


def committed(settings: Settings, group: str, topic: str) -> Mapping[TopicPartition, int]:
    """Ask which offsets a consumer group has committed for a topic.

    Args:
        settings: where the bus is.
        group: the name of the group.
        topic: the name of the topic.

    Returns:
        The offset of the next record to read, for each partition that has a commit.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    return {partition: offset for partition, (offset, _) in commits(settings, group, topic).items()}


def commits(
    settings: Settings, group: str, topic: str
) -> Mapping[TopicPartition, tuple[int, str | None]]:
    """Ask what a consumer group has committed for a topic: offsets and metadata.

    Args:
        settings: where the bus is.
        group: the name of the group.
        topic: the name of the topic.

    Returns:
        The offset of the next record to read and the metadata of the commit, for each partition
        that has a commit.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    with clients.admin(settings) as admin:
        offsets = when_coordinated(lambda: admin.list_group_offsets([group])).get(group, {})
    return {
        partition: (entry.offset, entry.metadata)
        for partition, entry in offsets.items()
        if partition.topic == topic and entry.offset >= 0
    }


def when_coordinated(ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - untyped library
    """Ask a question about a consumer group until the cluster has a coordinator that answers.

    The first such question to a new cluster makes the cluster create the coordinator.

    Args:
        ask: asks the question with a client of kafka-python.

    Returns:
        What `ask` returned.

    Raises:
        CoordinatorNotAvailableError: there is no coordinator after `COORDINATOR_SECONDS`.
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
    """The partitions of a topic, by their numbers; empty if the topic does not exist."""
    return [TopicPartition(topic, n) for n in sorted(consumer.partitions_for_topic(topic) or ())]


def records(  # noqa: PLR0913 - what bounds a reading
    consumer: KafkaConsumer,
    topic: str,
    progress: Progress,
    start: Mapping[TopicPartition, int] | None = None,
    *,
    only: int | None = None,
    stop: Mapping[TopicPartition, int] | None = None,
) -> Iterator[Any]:
    """Read every record of a topic, up to the end that it has now.

    Args:
        consumer: a consumer without a group; this function assigns the topic's partitions to it.
        topic: the name of the topic.
        progress: called after each batch.
        start: the offset to begin at, by partition; other partitions are read from their earliest
            record. So is a partition whose earliest record is later than its start.
        only: the number of the one partition to read; None reads all.
        stop: the offset to end before, by partition; None ends at the present end. Partitions that
            are not in it are not read.

    Yields:
        The records of kafka-python. Those of a partition come in the order of their offsets, and
        partitions are mixed.

    Raises:
        OperationalError: the end is out of reach: there were `SILENCE` polls in a row without a
            record.
    """
    partitions = partitions_in(consumer, topic)
    if only is not None:
        partitions = [each for each in partitions if each.partition == only]
    if stop is not None:
        partitions = [each for each in partitions if each in stop]
    consumer.assign(partitions)
    firsts = consumer.beginning_offsets(partitions)
    ends = consumer.end_offsets(partitions) if stop is None else dict(stop)
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
    """Read the first record of a partition at or after an offset.

    Args:
        consumer: a consumer without a group; this function assigns the partition to it.
        partition: the partition to read.
        offset: the offset to begin at.

    Returns:
        The record of kafka-python; None if there is none up to the end that the partition has now.

    Raises:
        OperationalError: there were `SILENCE` polls without a record before the end.
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


def bounds(
    consumer: KafkaConsumer, topic: str, since: float | None = None, until: float | None = None
) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    """Where a span of time begins and ends in each partition of a topic, as it is now.

    Args:
        consumer: a consumer without a group.
        topic: the name of the topic.
        since: the time of the first record, in seconds since the epoch; None for the earliest.
        until: the time of the first record after the span; None for the present end.

    Returns:
        The offset of the first record of the span, and the offset after the last, by partition.
    """
    partitions = partitions_in(consumer, topic)
    starts, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
    for found, time_given in ((starts, since), (ends, until)):
        if time_given is None:
            continue
        asked = dict.fromkeys(partitions, math.ceil(1000 * time_given))
        for partition, at in consumer.offsets_for_times(asked).items():
            # There is no record of that time or later below an open transaction.
            found[partition] = ends[partition] if at is None else min(at.offset, ends[partition])
    return {each: min(starts[each], ends[each]) for each in partitions}, ends
