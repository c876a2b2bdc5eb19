"""What an audit covers: which raw pages, up to which offset, of which topic.

Invariant: all bounds are those of one moment, and a committed offset counts only if a worker
would resume from it. A question to the brokers is answered or ends with an error.
"""

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

from faust.types import TP
from kafka import KafkaConsumer, TopicPartition

from streams.kafka import clients
from streams.kafka.headers import SOURCE_ID, Original
from streams.kafka.offsets import Found, Note, resume, unread
from streams.kafka.offsets import Place as Where
from streams.kafka.topic_ids import Ids, ids_of
from streams.kafka.topic_reader import CLOCKS, commits, first_record, partitions_in
from streams.ops.ledger import Ledger, Place
from streams.runtime import transactions
from streams.settings import Settings
from streams.stage import KEPT_LONGER, Stage, app_id, input_topic


def current_ids(settings: Settings) -> Ids:
    """The ids of the topics that the stages read; empty where the brokers give none."""
    topics = (settings.topics.raw, settings.topics.candidates)
    with clients.admin(settings) as admin:
        return dict.fromkeys(topics, "") | ids_of(admin, topics)


def source_id(record: Any) -> str:  # noqa: ANN401 - untyped library
    """The topic id that a candidate or an outcome names its raw record by; empty if it has none."""
    # The header may lack a value, and another program may have written it in any encoding.
    return (dict(record.headers).get(SOURCE_ID) or b"").decode("utf-8", "replace")


class Cut:
    """What the stages had committed when the audit began, as far as it counts.

    Args:
        settings: the brokers, the topics, and how long `raw-pages` keeps its records.
        consumer: a consumer without a group. It is assigned partitions as needed.
        ids: the ids of the topics that the stages read, by name; see `current_ids`.
        ledger: takes the bounds and the differences.
    """

    def __init__(
        self, settings: Settings, consumer: KafkaConsumer, ids: Ids, ledger: Ledger
    ) -> None:
        self._settings = settings
        self._consumer = consumer
        self._ledger = ledger
        self._now = time.time()
        self._keep = (settings.retention + KEPT_LONGER).total_seconds()
        topics = settings.topics
        self._raw = Note(topic=ids[topics.raw], onto=ids[topics.candidates])
        self._candidates = Note(topic=ids[topics.candidates])

    def enter_raw(self) -> None:
        """Enter in the ledger which raw pages are taken in, which wait, and which were lost.

        Raises:
            OperationalError: Kafka is away, or a partition cannot be read.
        """
        places = list(self._places("extract", self._raw))
        # The consumer's end is the last stable offset, where an open transaction begins. The pages
        # after that wait too, so the real end is asked for.
        ends = transactions.ends(
            self._settings, [TopicPartition(*found.partition) for found, _ in places]
        )
        for found, place in places:
            number = found.partition.partition
            self._ledger.bounds(number, found.begin, place.offset)
            # A transaction leaves its marker at the end. It is no page, and no page waits.
            where = TopicPartition(*found.partition)
            following = first_record(self._consumer, where, place.offset)
            last = ends[where]
            if following is not None:
                self._ledger.waiting(last - following.offset)
            else:
                self._ledger.waiting(max(0, last - max(found.end, place.offset)))
            if gone := unread(place.note.gone):
                self._ledger.unread(number, gone)

    def decided(self) -> dict[TopicPartition, int]:
        """The offset of the first candidate that is not decided yet, by partition.

        Raises:
            OperationalError: Kafka is away.
        """
        return {
            TopicPartition(*found.partition): place.offset
            for found, place in self._places("dedupe", self._candidates)
        }

    def _places(self, stage: Stage, current: Note) -> Iterator[tuple[Found, Where]]:
        topic = input_topic(self._settings, stage)
        committed = commits(self._settings, app_id(self._settings, stage), topic)
        for found in self._found(topic, committed):
            place = resume(found, current, self._now, self._keep)
            if place.said and found.committed is not None:
                self._ledger.displaced(place.said)
            yield found, place

    def _found(
        self, topic: str, committed: Mapping[TopicPartition, tuple[int, str | None]]
    ) -> Iterator[Found]:
        partitions = partitions_in(self._consumer, topic)
        begins = self._consumer.beginning_offsets(partitions)
        ends = self._consumer.end_offsets(partitions)
        for place in partitions:
            offset, metadata = committed.get(place, (None, None))
            yield Found(
                partition=TP(place.topic, place.partition),
                committed=offset,
                note=Note.unpack(metadata),
                begin=begins[place],
                end=ends[place],
            )


class RawPages:
    """Reads single raw pages where offsets alone do not settle an outcome.

    Args:
        consumer: a consumer without a group. It is assigned partitions as needed.
        topic: the name of the raw topic.
        topic_id: its id; empty where the brokers give none.
    """

    def __init__(self, consumer: KafkaConsumer, topic: str, topic_id: str) -> None:
        self._consumer = consumer
        self._topic = topic
        self._id = topic_id
        self._first: dict[int, float] = {}

    def place(self, source: Mapping[str, Any]) -> Place | None:
        """The raw record that a source names; None if it names another topic.

        Args:
            source: the fields `topic`, `partition` and `offset`.

        Raises:
            KeyError: a field is missing.
            TypeError: the partition or the offset cannot be a number.
            ValueError: likewise.
        """
        if source["topic"] != self._topic:
            return None
        return int(source["partition"]), int(source["offset"])

    def place_of(self, original: Original) -> Place | None:
        """The place of a replay's original; None if that was a record of a deleted topic."""
        is_here = not (original.topic_id and self._id) or original.topic_id == self._id
        return (original.partition, original.offset) if is_here else None

    def is_another(self, record: Any) -> bool:  # noqa: ANN401 - untyped library
        """Whether a candidate or an outcome names another topic's id: that of a deleted topic."""
        named = source_id(record)
        return bool(named and self._id and named != self._id)

    def is_older(self, place: Place, at: float) -> bool:
        """Whether an outcome is older than every record of its raw partition.

        Args:
            place: the raw record that the outcome names.
            at: the outcome's time, in seconds since the epoch. The clocks of workers and brokers
                may differ by `CLOCKS` seconds.

        Raises:
            OperationalError: the partition cannot be read.
        """
        partition, _ = place
        if partition not in self._first:
            self._first[partition] = self._first_time(TopicPartition(self._topic, partition))
        return at + CLOCKS < self._first[partition]

    def next_offset(self, place: Place) -> float:
        """The offset of the first record at a place or after it; infinite if there is none.

        Raises:
            OperationalError: the partition cannot be read.
        """
        record = first_record(self._consumer, TopicPartition(self._topic, place[0]), place[1])
        return math.inf if record is None else float(record.offset)

    def taken_in(self, place: Place) -> float | None:
        """When the broker took a record in, in seconds since the epoch; None without a record.

        Raises:
            OperationalError: the partition cannot be read.
        """
        partition, offset = TopicPartition(self._topic, place[0]), place[1]
        record = first_record(self._consumer, partition, offset)
        return record.timestamp / 1000 if record is not None and record.offset == offset else None

    def _first_time(self, partition: TopicPartition) -> float:
        if partition.partition not in (self._consumer.partitions_for_topic(self._topic) or ()):
            return 0.0
        record = first_record(self._consumer, partition, 0)
        return 0.0 if record is None else float(record.timestamp / 1000)
