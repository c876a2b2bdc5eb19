"""The audit: reads the topics and enters every record in the ledger.

The rule here: the cut comes first. What the stages have committed is read before the
outcomes are, so that whatever happens during the audit can only add outcomes, never hide one.

Raw pages are not read but numbered, from the retained start to the committed offset; only an
offset without an outcome is looked at, since a transaction's marker takes an offset too.
"""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from kafka import KafkaConsumer, TopicPartition

from streams import kafka, transactions
from streams.apps import app_id
from streams.dedupe import TAKEDOWN
from streams.faults import OperationError
from streams.ledger import Kind, Ledger, Outcome, Place, Report
from streams.reading import POLL_MS, SILENCE, Progress, committed, partitions_in, records
from streams.rejected import added_to
from streams.settings import Settings

LOOKED_AT = 1000
"""So many looks are taken at offsets without an outcome, one for a row of them."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A record that is not what belongs on its topic."""

    topic: str
    partition: int
    offset: int
    why: str


def audit(
    settings: Settings, progress: Progress = lambda *_: None
) -> tuple[Report, list[Unreadable]]:
    """Hold every raw page against its outcome.

    Returns:
        The account, and the records that could not be read.

    Raises:
        OperationError: the bus or a topic is not there.
    """
    topics = settings.topics
    ledger = Ledger()
    unreadable: list[Unreadable] = []
    with kafka.consumer(settings) as consumer:
        for topic in dataclasses.astuple(topics):
            if not consumer.partitions_for_topic(topic):
                raise OperationError(f"topic {topic} does not exist", "run `cleanwire topics`")
        taken = committed(settings, app_id(settings, "extract"), topics.raw)
        decided = committed(settings, app_id(settings, "dedupe"), topics.candidates)
        _enter_raw(settings, consumer, taken, ledger)
        for record in records(consumer, topics.candidates, progress, decided):
            if record.value is None or TAKEDOWN in dict(record.headers):
                # A note between the shards, or for them.
                continue
            with _reading(record, unreadable):
                place = _place(orjson.loads(record.value)["source"], topics.raw)
                if place is not None:
                    ledger.in_flight(place)
        for topic, kind in _outcome_topics(settings):
            for record in records(consumer, topic, progress):
                with _reading(record, unreadable):
                    _enter_outcome(record, kind, topics.raw, ledger)
        _strike_what_is_no_record(consumer, topics.raw, ledger)
    return ledger.report(), unreadable


def _outcome_topics(settings: Settings) -> tuple[tuple[str, Kind], ...]:
    topics = settings.topics
    return (
        (topics.clean, "clean"),
        (topics.duplicates, "duplicate"),
        (topics.rejected, "rejected"),
    )


def _enter_raw(
    settings: Settings,
    consumer: KafkaConsumer,
    taken: Mapping[TopicPartition, int],
    ledger: Ledger,
) -> None:
    partitions = partitions_in(consumer, settings.topics.raw)
    starts = consumer.beginning_offsets(partitions)
    ends = transactions.ends(settings, partitions)
    for partition in partitions:
        cut = max(starts[partition], taken.get(partition, 0))
        for offset in range(starts[partition], cut):
            ledger.raw((partition.partition, offset))
        # What a transaction leaves at the end is no page, and nobody waits for it.
        first = _next_record(consumer, partition, cut)
        ledger.waiting(max(0, ends[partition] - first))


@contextlib.contextmanager
def _reading(record: Any, unreadable: list[Unreadable]) -> Iterator[None]:  # noqa: ANN401 - untyped library
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        unreadable.append(
            Unreadable(
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                why=f"{type(error).__name__}: {error}",
            )
        )


def _place(source: Mapping[str, Any], raw: str) -> Place | None:
    """The raw record that a source names; None if it names another topic."""
    if source["topic"] != raw:
        return None
    return int(source["partition"]), int(source["offset"])


def _enter_outcome(record: Any, kind: Kind, raw: str, ledger: Ledger) -> None:  # noqa: ANN401 - as above
    if kind == "rejected":
        # Ours are the last of their names, should the page have been rejected before.
        ours = added_to(record.headers)
        source = {name: ours[f"source.{name}"] for name in ("topic", "partition", "offset")}
        outcome = Outcome(kind=kind, what=ours["reason"], article=ours.get("article"))
    elif record.value is None:
        if kind == "clean":
            ledger.tombstone((record.key or b"").decode())
        return
    else:
        event = orjson.loads(record.value)
        source = event["source"]
        outcome = Outcome(
            kind=kind,
            what=event["id"],
            detail=str(event["revision"] if kind == "clean" else event["kind"]),
            names=None if kind == "clean" else event["duplicate_of"],
        )
    place = _place(source, raw)
    if place is not None:
        ledger.outcome(place, outcome)


def _strike_what_is_no_record(consumer: KafkaConsumer, topic: str, ledger: Ledger) -> None:
    """Strike offsets without an outcome that are none of a record; one look for a row of them."""
    looks = 0
    following: dict[int, int] = {}
    for place in ledger.report().missing:
        partition, offset = place
        if offset >= following.get(partition, 0):
            if looks == LOOKED_AT:
                continue
            looks += 1
            following[partition] = _next_record(consumer, TopicPartition(topic, partition), offset)
        if offset < following[partition]:
            ledger.strike(place)


def _next_record(consumer: KafkaConsumer, partition: TopicPartition, offset: int) -> int:
    """The offset of the first record from an offset on; without one, where the reading ends."""
    consumer.assign([partition])
    consumer.seek(partition, offset)
    end = consumer.end_offsets([partition])[partition]
    for _ in range(SILENCE):
        if consumer.position(partition) >= end:
            break
        batches = consumer.poll(timeout_ms=POLL_MS, max_records=1)
        if batches:
            return int(batches[partition][0].offset)
    return int(consumer.position(partition))
