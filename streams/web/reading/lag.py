"""Measures how far the consumer groups are behind, in records and in seconds.

Invariants:

- The lag of a partition is what its group has not committed, whichever worker has the partition.
- The age of the oldest unread record costs at most `MOST_READS` batches of records and
  `READ_SECONDS` at each measurement, however many partitions there are and however large the lag.
  What is not read then keeps the time that was read before, which can only be too old.
- An age that is not known is None, and never 0.
- The lag needs no right to read a topic. A worker that may not read the topic of another stage
  tells its lag without the age.
"""

import asyncio
import dataclasses
import time

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAuthorizationFailedError

from streams.kafka.offsets import Note, unread
from streams.runtime.transactions import written_at
from streams.settings import Settings
from streams.stage import STAGES, app_id, input_topic
from streams.web.reading.readers import partitions_of
from streams.web.reading.state import Lag

MOST_READS = 8
"""Records that are read at each measurement, to know their times."""

READ_SECONDS = 2.0
"""Seconds that all these reads may take together. A read of offsets that hold no record that can
be read, such as the markers of transactions, takes all of them."""

READ_AGAIN_SECONDS = 30.0
"""Seconds after which an offset is read again that gave no record."""

REFUSED_SECONDS = 3600.0
"""Seconds after which a topic is read again that the worker was not allowed to read."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Oldest:
    """The oldest unread record of a partition: its offset, its time, and when it was asked for."""

    offset: int
    written: float | None
    asked: float


class LagMeter:
    """Measures the lag of the stages' groups.

    Args:
        settings: the brokers and the topics.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._watched = {input_topic(settings, stage): app_id(settings, stage) for stage in STAGES}
        # For each partition that a transaction holds back: the transaction's first offset, and
        # when that record was written, in seconds since the epoch.
        self._since: dict[TopicPartition, tuple[int, float | None]] = {}
        self._oldest: dict[TopicPartition, _Oldest] = {}
        # Topics that this worker may not read, and when it tries again, by the monotonic clock.
        self._refused: dict[str, float] = {}

    async def measure(
        self,
        admin: AIOKafkaAdminClient,
        *,
        stable: AIOKafkaConsumer,
        last: AIOKafkaConsumer,
        reader: AIOKafkaConsumer,
    ) -> list[Lag]:
        """Measure every partition of every watched topic.

        Args:
            admin: asks for partitions and committed offsets.
            stable: reads committed records, so its ends are where an open transaction begins.
            last: reads uncommitted records, so its ends are the real ones.
            reader: reads uncommitted records, one batch at a time, and nothing else.

        Raises:
            KafkaError: Kafka is away, or does not know a topic.
        """
        lags = [
            lag
            for topic, group in self._watched.items()
            for lag in await _lags(admin, last, group, topic)
        ]
        lags = [await self._held(lag, last, stable) for lag in lags]
        await self._read_oldest(lags, reader)
        return [self._with_oldest(lag) for lag in lags]

    async def _read_oldest(self, lags: list[Lag], reader: AIOKafkaConsumer) -> None:
        """Read the oldest unread record of some partitions, those first that wait longest."""
        now = time.monotonic()
        self._refused = {topic: until for topic, until in self._refused.items() if until > now}
        asked = {place: known.asked for place, known in self._oldest.items()}
        due = sorted(
            (asked.get(_place(lag), 0.0), _place(lag), lag.offset)
            for lag in lags
            if lag.records and self._is_due(lag, now)
        )
        self._oldest = {
            place: self._oldest[place] for place in map(_place, lags) if place in self._oldest
        }
        deadline = now + READ_SECONDS
        for _, place, offset in due[:MOST_READS]:
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                break
            if place.topic in self._refused:
                continue
            try:
                written = await _written(reader, place, offset, min(seconds, READ_SECONDS / 2))
            except TopicAuthorizationFailedError:
                self._refused[place.topic] = time.monotonic() + REFUSED_SECONDS
                continue
            self._oldest[place] = _Oldest(offset=offset, written=written, asked=time.monotonic())

    def _is_due(self, lag: Lag, now: float) -> bool:
        if lag.topic in self._refused:
            return False
        known = self._oldest.get(_place(lag))
        if known is None or known.offset != lag.offset:
            return True
        return known.written is None and now - known.asked >= READ_AGAIN_SECONDS

    def _with_oldest(self, lag: Lag) -> Lag:
        known = self._oldest.get(_place(lag))
        # A group that went back has older records to read than the one that is known.
        if not lag.records or known is None or known.offset > lag.offset:
            return lag
        return dataclasses.replace(lag, oldest=known.written)

    async def _held(self, lag: Lag, last: AIOKafkaConsumer, stable: AIOKafkaConsumer) -> Lag:
        """A lag, completed by how many of its records wait for the end of a transaction.

        Args:
            lag: without that number.
            last: reads uncommitted records, so its ends are the real ones.
            stable: reads committed records, so its ends are where an open transaction begins.
        """
        if not lag.records:
            return lag
        place = _place(lag)
        # The real end comes first: a record that arrives between the two questions is then not
        # taken for one that is held.
        end = (await last.end_offsets([place]))[place]
        readable = (await stable.end_offsets([place]))[place]
        held = end - readable
        if held <= 0:
            return lag
        if self._since.get(place, (-1, None))[0] != readable:
            self._since[place] = readable, await written_at(self._settings, place, readable)
        since = self._since[place][1]
        return dataclasses.replace(lag, held=min(held, lag.records), since=since)


async def _lags(
    admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, group: str, topic: str
) -> list[Lag]:
    partitions = await partitions_of(admin, [topic])
    committed = await admin.list_consumer_group_offsets(group)
    starts = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    lags = []
    for partition in partitions:
        entry = committed.get(partition)
        known = entry is not None and entry.offset >= 0
        # If retention has deleted records before the committed offset was reached, they are no lag
        # but unread. A group whose offset is beyond the end resumes at the start.
        counts = known and starts[partition] <= entry.offset <= ends[partition]
        place = entry.offset if counts else starts[partition]
        gone = max(0, starts[partition] - entry.offset) if known else 0
        lags.append(
            Lag(
                group=group,
                topic=topic,
                partition=partition.partition,
                records=max(ends[partition] - place, 0),
                offset=place,
                committed=known,
                unread=gone + unread(Note.unpack(entry.metadata).gone) if known else 0,
            )
        )
    return lags


async def _written(
    reader: AIOKafkaConsumer, place: TopicPartition, offset: int, seconds: float
) -> float | None:
    """When the first record from an offset on was written, in seconds since the epoch.

    None if no record came in time.

    Raises:
        TopicAuthorizationFailedError: this worker may not read the topic.
    """
    reader.assign([place])
    reader.seek(place, offset)
    try:
        async with asyncio.timeout(seconds):
            record = await reader.getone(place)
    except TimeoutError:
        return None
    finally:
        # The client would go on to fetch what comes next.
        reader.pause(place)
    return float(record.timestamp) / 1000 if record.timestamp > 0 else None


def _place(lag: Lag) -> TopicPartition:
    return TopicPartition(lag.topic, lag.partition)
