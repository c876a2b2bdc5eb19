"""Follows topics without a consumer group, from offsets that the caller keeps.

Invariants:

- Every record is handed over at least once, in the order of its partition.
- A topic that was made again is read from its earliest record: an offset counts only for the id
  of the topic that it was kept for.
"""

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from streams.consuming.published import Record
from streams.errors import OperationalError
from streams.kafka import clients
from streams.kafka.offsets import Found, Note, resume
from streams.kafka.topic_ids import Ids, ids_of
from streams.kafka.topic_reader import POLL_MS, SILENCE, partitions_in
from streams.settings import Settings

LOOK_SECONDS = 30.0
"""Seconds after which it is looked again which topics and partitions there are."""


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class PartitionId:
    """A partition of a topic that is told from later topics of its name.

    Attributes:
        topic: the name of the topic.
        topic_id: its id (KIP-516); empty where the brokers give none.
        partition: the number of the partition.
    """

    topic: str
    topic_id: str
    partition: int


Offsets = Mapping[PartitionId, int]
"""The offset of the next record to read, by partition."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records that were read, and where each partition goes on after them."""

    records: tuple[Record, ...]
    next: Offsets


class TopicsChangedError(Exception):
    """The topics are others than those that are followed: call `Follower.begin` again."""


class Follower:
    """Reads topics; made by `following`."""

    def __init__(
        self, consumer: KafkaConsumer, admin: KafkaAdminClient, topics: Sequence[str]
    ) -> None:
        self._consumer = consumer
        self._admin = admin
        self._topics = topics
        self._ids: Ids = {}
        self._partitions: list[TopicPartition] = []
        self._expected: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._looked = 0.0
        self._silent = 0

    def begin(self, kept: Offsets) -> tuple[Offsets, list[str]]:
        """Look which partitions there are, and go to where each goes on.

        Args:
            kept: the offsets that the caller has, of these topics or of earlier ones.

        Returns:
            The offset at which each partition goes on, and a line for each partition that goes on
            elsewhere than its kept offset says, with how many records are gone.

        Raises:
            OperationalError: a topic does not exist.
        """
        self._ids, self._partitions = self._look()
        consumer = self._consumer
        consumer.assign(self._partitions)
        firsts = consumer.beginning_offsets(self._partitions)
        self._ends = dict(consumer.end_offsets(self._partitions))
        begun, lines = {}, []
        for tp in self._partitions:
            found = _found(tp, self._ids[tp.topic], kept, firsts[tp], self._ends[tp])
            place = resume(found, Note(topic=self._ids[tp.topic]), time.time(), 0)
            if place.said and found.committed is not None:
                lines.append(place.said)
            consumer.seek(tp, place.offset)
            begun[self._name(tp)] = self._expected[tp] = place.offset
        self._silent = 0
        return begun, lines

    def poll(self, seconds: float, most: int) -> Batch:
        """Read the next records.

        Args:
            seconds: how long to wait for some.
            most: how many records to read at most.

        Raises:
            TopicsChangedError: a topic was made again, or has more partitions.
            OperationalError: a topic is gone.
        """
        found = self._consumer.poll(timeout_ms=round(1000 * seconds), max_records=most)
        went_back = any(batch[0].offset < self._expected[tp] for tp, batch in found.items())
        if went_back or time.monotonic() - self._looked > LOOK_SECONDS:
            if self._look() != (self._ids, self._partitions):
                raise TopicsChangedError
            self._ends = dict(self._consumer.end_offsets(self._partitions))
        self._silent = 0 if found else self._silent + 1
        following = {}
        for tp, batch in found.items():
            self._expected[tp] = batch[-1].offset + 1
            following[self._name(tp)] = self._expected[tp]
        return Batch(
            records=tuple(
                Record(
                    topic=one.topic,
                    topic_id=self._ids[one.topic],
                    partition=one.partition,
                    offset=one.offset,
                    key=one.key,
                    value=one.value,
                    at=one.timestamp,
                )
                for batch in found.values()
                for one in batch
            ),
            next=following,
        )

    @property
    def behind(self) -> int:
        """How many offsets there are up to the ends that were seen last."""
        # The position is past markers of transactions, which are no records.
        return sum(max(0, self._ends[tp] - self._consumer.position(tp)) for tp in self._partitions)

    def require_progress(self) -> None:
        """Check that the end can be reached.

        Raises:
            OperationalError: there were `SILENCE` empty answers in a row before the end.
        """
        if self._silent >= SILENCE and self.behind:
            raise OperationalError(
                f"{', '.join(self._topics)} cannot be read to the end: {self.behind} offsets are "
                "left and no record comes",
                "check the brokers' logs and try again",
            )

    def _name(self, tp: TopicPartition) -> PartitionId:
        return PartitionId(tp.topic, self._ids[tp.topic], tp.partition)

    def _look(self) -> tuple[Ids, list[TopicPartition]]:
        self._looked = time.monotonic()
        ids = ids_of(self._admin, self._topics)
        for topic in self._topics:
            if topic not in ids:
                raise OperationalError(f"topic {topic} does not exist", "run `cleanwire topics`")
        partitions = [tp for topic in self._topics for tp in partitions_in(self._consumer, topic)]
        return ids, partitions


@contextlib.contextmanager
def following(settings: Settings, topics: Sequence[str]) -> Iterator[Follower]:
    """A follower of topics, and its clients.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    with clients.admin(settings) as admin, clients.consumer(settings) as consumer:
        yield Follower(consumer, admin, topics)


POLL_SECONDS = POLL_MS / 1000


def _found(tp: TopicPartition, topic_id: str, kept: Offsets, begin: int, end: int) -> Found:
    mine = PartitionId(tp.topic, topic_id, tp.partition)
    others = [one for one in kept if (one.topic, one.partition) == (tp.topic, tp.partition)]
    best = mine if mine in kept else max(others, key=lambda one: kept[one], default=None)
    return Found(
        partition=tp,
        committed=None if best is None else kept[best],
        note=Note(topic="" if best is None else best.topic_id),
        begin=begin,
        end=end,
    )
