"""The sequence of a candidate: what "earlier" means to `dedupe`.

Invariant: a candidate of a topic that was made again is later than every candidate of the one
before it. Its offsets begin anew, so a sequence is the generation of the topic first and the offset
in it second. The generation stands in the layout (`layout.py`), which only `cleanwire topics`
raises; without it old stories would be published again, and what was taken down would come back.
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
    """Sequences of the candidates of the topic that is being read.

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
        """Take the topic that is there now for the one that is read.

        Args:
            ids: of the topics that are there.

        Raises:
            OperationalError: its offsets begin below what is remembered, and the layout does not
                know it yet.
        """
        topic_id = ids[self._settings.topics.candidates]
        if self._generation is None or topic_id != self.topic_id:
            self._generation = await asyncio.to_thread(
                layout.generation, self._settings, topic_id, self.topic_id
            )
            self.topic_id = topic_id

    def of(self, offset: int) -> int:
        """The sequence of the candidate at an offset of the first partition."""
        return ((self._generation or 0) << OFFSET_BITS) + offset


def remembers_more(settings: Settings, changelog: str) -> bool:
    """Whether the memory is older than the topic of candidates, by the times of their records.

    For a layout of a version that knew no ids: then the topic was made again at some time.

    Args:
        settings: where the bus is.
        changelog: the topic that holds the memory.

    Raises:
        OperationalError: the bus is away.
    """
    candidates = TopicPartition(settings.topics.candidates, 0)
    with clients.consumer(settings) as consumer:
        if consumer.beginning_offsets([candidates])[candidates]:
            # What it has forgotten by age was there before; so were the records of then.
            return False
        decided = [_time(consumer, place) for place in partitions_in(consumer, changelog)]
        first = _time(consumer, candidates)
    known = [time for time in decided if time is not None]
    return bool(known) and (first is None or min(known) + CLOCKS < first)


def _time(consumer: KafkaConsumer, partition: TopicPartition) -> float | None:
    record = first_record(consumer, partition, 0)
    return None if record is None else float(record.timestamp / 1000)
