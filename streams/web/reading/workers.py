"""Reads the statuses of all workers, for the overview.

Invariant: what is shown of a worker is what the worker last said, with the time when it said it. A
record that is no status is left out.
"""

import contextlib

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.worker_status import SILENT_SECONDS, WorkerStatus, topic, unpack
from streams.settings import Settings
from streams.web.reading import readers

MOST_WORKERS = 1000
FORGOTTEN_SECONDS = 3600.0
"""A worker that has been silent for so long is not shown any more."""


class Workers:
    """The workers that write a status.

    Args:
        settings: the brokers and the topic.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[bytes, WorkerStatus] = {}

    def all(self, now: float) -> list[WorkerStatus]:
        """The last status of each worker, by name; `now` is seconds since the epoch."""
        known = [one for one in self._known.values() if now - one.at < FORGOTTEN_SECONDS]
        return sorted(known, key=lambda one: one.name)

    async def follow(self) -> None:
        """Read the statuses until that fails.

        Raises:
            KafkaError: Kafka is away, or the topic is not there.
        """
        place = TopicPartition(topic(self._settings), 0)
        async with contextlib.AsyncExitStack() as stack:
            consumer = await readers.consumer(self._settings, stack, answer_bytes=1)
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            while True:
                await self._read(consumer, place)

    async def _read(self, consumer: AIOKafkaConsumer, place: TopicPartition) -> None:
        batches = await consumer.getmany(place, timeout_ms=1000)
        for record in batches.get(place, ()):
            self.enter(record.key or b"", record.value)

    def enter(self, key: bytes, value: bytes | None) -> None:
        """Take in one record: a status, or its withdrawal."""
        if value is None:
            self._known.pop(key, None)
            return
        with contextlib.suppress(ValueError):
            self._known[key] = unpack(value)
        if len(self._known) > MOST_WORKERS:
            oldest = min(self._known, key=lambda name: self._known[name].at)
            del self._known[oldest]


def is_silent(status: WorkerStatus, now: float) -> bool:
    """Whether a worker has not said anything for `SILENT_SECONDS`; `now` is since the epoch."""
    return now - status.at > SILENT_SECONDS
