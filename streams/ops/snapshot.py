"""What an audit is about: which raw pages, taken in up to where, of which topic.

Invariant: the bounds are those of one moment, and an offset counts where a worker would go on
from it. Whatever is asked of the brokers is answered or ends with a fault.
"""

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

from faust.types import TP
from kafka import KafkaConsumer, TopicPartition

from streams.kafka import clients
from streams.kafka.headers import SOURCE_ID
from streams.kafka.offsets import Found, Note, resume, unread
from streams.kafka.offsets import Place as Where
from streams.kafka.topic_ids import Ids, ids_of
from streams.kafka.topic_reader import CLOCKS, commits, first_record, partitions_in
from streams.ops.ledger import Ledger, Place
from streams.runtime import transactions
from streams.settings import Settings
from streams.stage import KEPT_LONGER, Stage, app_id


def current_ids(settings: Settings) -> Ids:
    """The ids of the topics that the stages read, empty where the brokers give none."""
    topics = (settings.topics.raw, settings.topics.candidates)
    with clients.admin(settings) as admin:
        return dict.fromkeys(topics, "") | ids_of(admin, topics)


def source_id(record: Any) -> str:  # noqa: ANN401 - untyped library
    """The id that a candidate or an outcome has of its source's topic; empty where it has none."""
    # A header may have no value, and its name may be anybody's.
    return (dict(record.headers).get(SOURCE_ID) or b"").decode("utf-8", "replace")


class Cut:
    """What the stages have committed, as far as it counts."""

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
        """Enter the raw pages that are taken in, and what is not as it should be."""
        places = list(self._places(self._settings.topics.raw, "extract", self._raw))
        # An open transaction holds back the end that a reader comes to, and no page behind it.
        ends = transactions.ends(
            self._settings, [TopicPartition(*found.partition) for found, _ in places]
        )
        for found, place in places:
            number = found.partition.partition
            self._ledger.bounds(number, found.begin, place.offset)
            # What a transaction leaves at the end is no page, and nobody waits for it.
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
        """Up to where each partition of candidates is decided."""
        topic = self._settings.topics.candidates
        return {
            TopicPartition(*found.partition): place.offset
            for found, place in self._places(topic, "dedupe", self._candidates)
        }

    def _places(self, topic: str, stage: Stage, current: Note) -> Iterator[tuple[Found, Where]]:
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
    """The raw pages, looked at one by one where numbers do not do."""

    def __init__(self, consumer: KafkaConsumer, topic: str, topic_id: str) -> None:
        self._consumer = consumer
        self._topic = topic
        self._id = topic_id
        self._first: dict[int, float] = {}

    def place(self, source: Mapping[str, Any]) -> Place | None:
        """The raw record that a source names; None if it names another topic."""
        if source["topic"] != self._topic:
            return None
        return int(source["partition"]), int(source["offset"])

    def is_another(self, record: Any) -> bool:  # noqa: ANN401 - untyped library
        """Whether a candidate or an outcome names a topic that was deleted."""
        named = source_id(record)
        return bool(named and self._id and named != self._id)

    def is_older(self, place: Place, at: float) -> bool:
        """Whether an outcome of this time is older than all there is of its partition."""
        partition, _ = place
        if partition not in self._first:
            self._first[partition] = self._first_time(TopicPartition(self._topic, partition))
        return at + CLOCKS < self._first[partition]

    def next_offset(self, place: Place) -> float:
        """The offset of the first record from a place on; infinite where there is none."""
        record = first_record(self._consumer, TopicPartition(self._topic, place[0]), place[1])
        return math.inf if record is None else float(record.offset)

    def taken_in(self, place: Place) -> float | None:
        """When the bus took a record in, in seconds since the epoch; None if there is none."""
        partition, offset = TopicPartition(self._topic, place[0]), place[1]
        record = first_record(self._consumer, partition, offset)
        return record.timestamp / 1000 if record is not None and record.offset == offset else None

    def _first_time(self, partition: TopicPartition) -> float:
        if partition.partition not in (self._consumer.partitions_for_topic(self._topic) or ()):
            return 0.0
        record = first_record(self._consumer, partition, 0)
        return 0.0 if record is None else float(record.timestamp / 1000)
