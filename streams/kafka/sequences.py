"""The sequence of a candidate, which tells `dedupe` which of two candidates is earlier.

Invariant: if the topic `candidates` is deleted and made again, every candidate of the new topic is
later than every candidate of the old one.

The offsets of a new topic begin at 0 again. So a sequence consists of the topic's generation first
and the offset second. The layout (`layout.py`) holds the generation, and only `cleanwire topics`
raises it. Without generations, old stories would be published again, and articles that were taken
down would come back.
"""

import asyncio

from kafka import KafkaConsumer, TopicPartition

from streams.kafka import clients, layout
from streams.kafka.topic_ids import Ids
from streams.kafka.topic_reader import CLOCKS, first_record, partitions_in
from streams.settings import Settings

OFFSET_BITS = 40
"""A topic holds fewer than 2^40 candidates: 10 million a day for 300 years."""


class Sequences:
    """The sequences of the candidates in the topic that is read.

    Args:
        settings: where the layout is.

    Attributes:
        topic_id: the topic's id; empty where the brokers give none.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._generation: int | None = None
        self.topic_id = ""

    async def require(self, ids: Ids) -> None:
        """Look up the generation of the topic that is there now.

        Args:
            ids: the ids of the topics, by name.

        Raises:
            OperationalError: the topic was made again and the layout does not know it yet, so its
                offsets begin below those in the state; or the bus is away.
        """
        topic_id = ids[self._settings.topics.candidates]
        if self._generation is None or topic_id != self.topic_id:
            self._generation = await asyncio.to_thread(
                layout.generation, self._settings, topic_id, self.topic_id
            )
            self.topic_id = topic_id

    def of(self, offset: int) -> int:
        """The sequence of the candidate at this offset of the first partition."""
        return ((self._generation or 0) << OFFSET_BITS) + offset


def remembers_more(settings: Settings, changelog: str) -> bool:
    """Whether the state is older than the topic of candidates, by the timestamps of their records.

    If it is, the topic was made again at some time. This is asked only if the layout has no id of
    the topic, because an earlier version of Cleanwire wrote it.

    Args:
        settings: where the bus is.
        changelog: the topic that holds the state.

    Raises:
        OperationalError: the bus is away.
    """
    candidates = TopicPartition(settings.topics.candidates, 0)
    with clients.consumer(settings) as consumer:
        if consumer.beginning_offsets([candidates])[candidates]:
            # Retention has deleted the first records of the topic, so the topic may be as old as
            # the state. The time of its first record would prove nothing.
            return False
        times = [_first_time(consumer, each) for each in partitions_in(consumer, changelog)]
        first = _first_time(consumer, candidates)
    known = [time for time in times if time is not None]
    return bool(known) and (first is None or min(known) + CLOCKS < first)


def _first_time(consumer: KafkaConsumer, partition: TopicPartition) -> float | None:
    record = first_record(consumer, partition, 0)
    return None if record is None else float(record.timestamp / 1000)
