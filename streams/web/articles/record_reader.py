"""Reads single records by their place, when a page asks for them.

Invariants:

- Only raw pages and published articles are read, committed records only, without a consumer group.
- Every question ends within `READ_SECONDS`. What cannot be read is a sentence for people.
- A place whose topic was made anew is not read, because another record has its offset now.
"""

import asyncio
import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from cleanwire.page.formats.format_names import RawFormat
from cleanwire.page.formats.raw_record import RawRecord
from streams.kafka.raw_records import raw_record
from streams.kafka.topic_ids import TopicIds
from streams.settings import Settings
from streams.web.reading import readers
from streams.web.store.model import Place

READ_SECONDS = 8.0
"""Seconds that reading the records of one page may take."""

MOST_READERS = 2
"""Pages whose records are read at a time; others wait within their `READ_SECONDS`."""

POLL_MS = 500


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A record that was read.

    Attributes:
        value: its value; None for a tombstone, and for a page that was too large to be kept.
        headers: its headers, in their order.
        key: its key.
        timestamp: its timestamp, in seconds since the epoch.
        unmarked: the format of a raw page whose headers say none.
    """

    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    key: bytes | None = None
    timestamp: float | None = None
    unmarked: RawFormat = "event"

    @property
    def raw(self) -> RawRecord:
        """The record as a raw page."""
        return raw_record(
            self.value,
            key=self.key,
            headers=self.headers,
            timestamp=self.timestamp,
            unmarked=self.unmarked,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A record that could not be read, and why, as a sentence."""

    why: str


Read = Found | Missing


class Records(Protocol):
    """What reads records by their place.

    Attributes:
        raw_topic: the topic of the raw pages.
    """

    raw_topic: str

    async def read(self, places: Sequence[Place]) -> list[Read]:
        """Read records; the answers have the order of the places."""
        ...


class RecordReader:
    """Reads records with a consumer that lives as long as one question.

    Args:
        settings: the brokers and the topics.

    Attributes:
        raw_topic: the topic of the raw pages.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.raw_topic = settings.topics.raw
        # Each topic is asked about alone, because a login may have the right to one of them only.
        self._ids = {
            topic: TopicIds(settings, (topic,))
            for topic in (settings.topics.raw, settings.topics.clean)
        }
        self._turns = asyncio.Semaphore(MOST_READERS)

    async def close(self) -> None:
        """Close the clients for topic ids."""
        for ids in self._ids.values():
            await ids.close()

    async def read(self, places: Sequence[Place]) -> list[Read]:
        """Read records; the answers have the order of the places."""
        found: list[Read] = []
        try:
            async with (
                asyncio.timeout(READ_SECONDS),
                self._turns,
                contextlib.AsyncExitStack() as stack,
            ):
                consumer = await readers.consumer(self._settings, stack, answer_bytes=1)
                for place in places:
                    found.append(await self._read(consumer, place))  # noqa: PERF401 - what was read before a fault is kept
        except TimeoutError:
            why = f"Kafka gave no answer within {READ_SECONDS:g} seconds; try again."
        except (KafkaError, OSError) as error:
            why = f"Kafka cannot be read ({type(error).__name__}); try again."
        else:
            return found
        return found + [Missing(why=why)] * (len(places) - len(found))

    async def _read(self, consumer: AIOKafkaConsumer, place: Place) -> Read:
        topic = place.topic
        if topic not in self._ids:
            return Missing(
                why=f"The record is on the topic {topic}, which this view does not read."
            )
        ids = await self._ids[topic].ask()
        if ids is None:
            return Missing(why=f"The brokers do not tell whether the topic {topic} is the same.")
        if topic not in ids:
            return Missing(why=f"The topic {topic} does not exist any more.")
        if place.topic_id and ids[topic] and place.topic_id != ids[topic]:
            return Missing(
                why=f"The topic {topic} was deleted and made anew since, "
                "so the record does not exist any more."
            )
        try:
            return await _read(consumer, place, self._settings.raw_format)
        except KafkaError as error:
            return Missing(why=f"The topic {topic} cannot be read ({type(error).__name__}).")


async def _read(consumer: AIOKafkaConsumer, place: Place, unmarked: RawFormat) -> Read:
    partition = TopicPartition(place.topic, place.partition)
    consumer.assign([partition])
    start = (await consumer.beginning_offsets([partition]))[partition]
    end = (await consumer.end_offsets([partition]))[partition]
    if place.offset < start:
        return Missing(
            why=f"Retention has deleted the record: {place.topic} begins at offset {start} of "
            f"partition {place.partition} now, and the record was at {place.offset}."
        )
    gone = Missing(
        why=f"Compaction has deleted the record at offset {place.offset} of {place.topic}, "
        f"partition {place.partition}."
    )
    if place.offset >= end:
        return Missing(
            why=f"{place.topic} has no committed record at offset {place.offset} of partition "
            f"{place.partition}; it ends at {end}."
        )
    consumer.seek(partition, place.offset)
    while True:
        batches: Mapping[TopicPartition, Sequence[Any]] = await consumer.getmany(
            partition, timeout_ms=POLL_MS, max_records=1
        )
        for record in batches.get(partition, ()):
            if record.offset != place.offset:
                return gone
            return Found(
                value=record.value,
                headers=tuple(record.headers),
                key=record.key,
                timestamp=record.timestamp / 1000 if record.timestamp > 0 else None,
                unmarked=unmarked,
            )
        if await consumer.position(partition) > place.offset:
            return gone
