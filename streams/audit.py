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

from streams import kafka
from streams.apps import app_id
from streams.dedupe import TAKEDOWN
from streams.faults import OperationError
from streams.ledger import Kind, Ledger, Outcome, Place, Report
from streams.reading import POLL_MS, SILENCE, Progress, committed, partitions_in, records
from streams.rejected import added_to
from streams.settings import Settings

LOOKED_AT = 1000
"""At most so many offsets without an outcome are looked at."""


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
        _enter_raw(consumer, topics.raw, taken, ledger)
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
        for place in ledger.report().missing[:LOOKED_AT]:
            if not _exists(consumer, topics.raw, place):
                ledger.strike(place)
    return ledger.report(), unreadable


def _outcome_topics(settings: Settings) -> tuple[tuple[str, Kind], ...]:
    topics = settings.topics
    return (
        (topics.clean, "clean"),
        (topics.duplicates, "duplicate"),
        (topics.rejected, "rejected"),
    )


def _enter_raw(
    consumer: KafkaConsumer, topic: str, taken: Mapping[TopicPartition, int], ledger: Ledger
) -> None:
    partitions = partitions_in(consumer, topic)
    starts = consumer.beginning_offsets(partitions)
    ends = consumer.end_offsets(partitions)
    for partition in partitions:
        cut = max(starts[partition], taken.get(partition, 0))
        ledger.waiting(ends[partition] - cut)
        for offset in range(starts[partition], cut):
            ledger.raw((partition.partition, offset))


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


def _exists(consumer: KafkaConsumer, topic: str, place: Place) -> bool:
    partition, offset = TopicPartition(topic, place[0]), place[1]
    consumer.assign([partition])
    consumer.seek(partition, offset)
    for _ in range(SILENCE):
        batches = consumer.poll(timeout_ms=POLL_MS, max_records=1)
        if batches:
            return bool(batches[partition][0].offset == offset)
        if consumer.position(partition) > offset:
            return False
    return True
