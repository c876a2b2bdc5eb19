"""The audit: reads the topics and enters every record in the ledger.

Invariant: the cut comes first. The audit reads what the stages have committed before it reads
the outcomes. Whatever happens during the audit can therefore add outcomes, but never hide one.

The audit does not read all raw pages. It numbers them, from the retained start to the committed
offset. It reads only at offsets without an outcome, because a transaction's marker takes an offset
too, and at offsets with two different outcomes, whose times decide which of them count.

A committed offset counts if a worker would resume from it (`streams/kafka/offsets.py`). An outcome
counts if it names the current raw topic by its id. An outcome of a version that wrote no id counts
unless it is older than the record that it names.
"""

import contextlib
import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import orjson

from streams.errors import OperationalError
from streams.kafka import clients
from streams.kafka.headers import ARRIVED, TAKEDOWN, original_of
from streams.kafka.outcome_topics import OutcomeTopic, outcome_topics
from streams.kafka.raw_records import arrival_of
from streams.kafka.topic_reader import Progress, records
from streams.ops.ledger import Ledger, LedgerOutcome, Report
from streams.ops.snapshot import Cut, RawPages, current_ids, source_id
from streams.runtime.dead_letters import added_to
from streams.settings import Settings

LOOKED_AT = 1000
"""Raw records that are read at most to settle offsets without an outcome, and as many again for
offsets with two. One read settles a run of consecutive offsets without a record."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A record that does not have the format of its topic.

    Attributes:
        topic: the record's topic.
        partition: the record's partition.
        offset: the record's offset.
        why: the error that reading it raised, in one line.
    """

    topic: str
    partition: int
    offset: int
    why: str


def audit(
    settings: Settings, progress: Progress = lambda *_: None
) -> tuple[Report, list[Unreadable]]:
    """Compare every raw page with its outcome.

    Args:
        settings: the brokers and the topics to audit.
        progress: called with a topic, how many of its records are read, and how many there are.

    Returns:
        The ledger's report, and the records that could not be read.

    Raises:
        OperationalError: Kafka is away, a topic is missing, the end of a topic cannot be reached,
            or a topic was deleted and made again during the audit.
    """
    ledger = Ledger()
    unreadable: list[Unreadable] = []
    with clients.consumer(settings) as consumer, clients.consumer(settings) as raw_reader:
        topics = settings.topics
        for topic in (topics.raw, topics.candidates, *outcome_topics(settings)):
            if not consumer.partitions_for_topic(topic):
                raise OperationalError(f"topic {topic} does not exist", "run `cleanwire topics`")
        ids = current_ids(settings)
        cut = Cut(settings, consumer, ids, ledger)
        cut.enter_raw()
        raw = RawPages(raw_reader, settings.topics.raw, ids[settings.topics.raw])
        for record in records(consumer, settings.topics.candidates, progress, cut.decided()):
            with _reading(record, unreadable):
                _enter_candidate(record, raw, ledger)
        for topic, kind in outcome_topics(settings).items():
            for record in records(consumer, topic, progress):
                with _reading(record, unreadable):
                    _enter_outcome(record, kind, raw, ledger)
        _settle_doubts(raw, ledger)
    if current_ids(settings) != ids:
        raise OperationalError("a topic was made again during the audit", "run it again")
    return ledger.report(), unreadable


def _settle_doubts(raw: RawPages, ledger: Ledger) -> None:
    """Read raw records where offsets alone do not settle a page: two outcomes, or none."""
    for place in ledger.doubtful[:LOOKED_AT]:
        since = raw.taken_in(place)
        if since is not None:
            ledger.settle(place, since)
    reads = 0
    following: dict[int, float] = {}
    for place in ledger.report().missing:
        partition, offset = place
        if offset >= following.get(partition, 0):
            if reads == LOOKED_AT:
                continue
            reads += 1
            following[partition] = raw.next_offset(place)
        # There is no record between this offset and the next record: the offset is a transaction's
        # marker, or a page of a transaction that was aborted.
        if offset < following[partition]:
            ledger.strike(place)


@contextlib.contextmanager
def _reading(record: Any, unreadable: list[Unreadable]) -> Iterator[None]:  # noqa: ANN401 - untyped library
    """Enter a record in `unreadable` if reading it fails, and go on with the next one."""
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


def _enter_candidate(record: Any, raw: RawPages, ledger: Ledger) -> None:  # noqa: ANN401 - untyped library
    if record.value is None or TAKEDOWN in dict(record.headers):
        # A note from one shard to the next, or a takedown: no candidate.
        return
    place = raw.place(orjson.loads(record.value)["source"])
    if place is not None and not raw.is_another(record):
        ledger.in_flight(place)


def _enter_outcome(record: Any, kind: OutcomeTopic, raw: RawPages, ledger: Ledger) -> None:  # noqa: ANN401 - untyped library
    if kind == "rejected":
        # A page that was rejected before brings such headers along. `added_to` takes the last
        # header of each name, and this rejection's come last.
        ours = added_to(record.headers)
        source = {name: ours[f"source.{name}"] for name in ("topic", "partition", "offset")}
        outcome = LedgerOutcome(kind=kind, what=ours["reason"], article=ours.get("article"))
    elif record.value is None:
        if kind == "clean":
            ledger.tombstone((record.key or b"").decode())
        return
    else:
        event = orjson.loads(record.value)
        source = event["source"]
        outcome = LedgerOutcome(
            kind=kind,
            what=event["id"],
            detail=str(event["revision"] if kind == "clean" else event["kind"]),
            names=None if kind == "clean" else event["duplicate_of"],
        )
    place = raw.place(source)
    if place is None:
        return
    if (original := original_of(record.headers)) is not None:
        appended = arrival_of(dict(record.headers).get(ARRIVED) or b"")
        outcome = dataclasses.replace(
            outcome,
            replays=str(original),
            original=raw.place_of(original),
            appended=math.inf if appended is None else appended,
        )
    outcome = dataclasses.replace(outcome, written=record.timestamp / 1000)
    if raw.is_another(record):
        ledger.of_predecessor(outcome)
    elif source_id(record):
        ledger.outcome(place, outcome)
    else:
        at = record.timestamp / 1000
        if raw.is_older(place, at):
            ledger.of_predecessor(outcome)
        else:
            ledger.outcome(place, dataclasses.replace(outcome, at=at))
