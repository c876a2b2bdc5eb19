"""The audit: reads the topics and enters every record in the ledger.

Invariant: the cut comes first. What the stages have committed is read before the
outcomes are, so that whatever happens during the audit can only add outcomes, never hide one.

Raw pages are not read but numbered, from the retained start to the committed offset; only an
offset without an outcome is looked at, since a transaction's marker takes an offset too.

A committed offset counts where a worker would go on from it (`offsets.py`), and an outcome where
it names the topic that is there, by its id. Outcomes of versions that wrote no id count unless
they are older than the record that they name.
"""

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

import orjson

from streams.errors import OperationalError
from streams.kafka import clients
from streams.kafka.headers import TAKEDOWN
from streams.kafka.topic_reader import Progress, records
from streams.ops.ledger import Kind, Ledger, LedgerOutcome, Report
from streams.ops.snapshot import Cut, RawPages, current_ids, source_id
from streams.runtime.dead_letters import added_to
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
        OperationalError: the bus or a topic is not there.
    """
    ledger = Ledger()
    unreadable: list[Unreadable] = []
    with clients.consumer(settings) as consumer, clients.consumer(settings) as looker:
        for topic in dataclasses.astuple(settings.topics):
            if not consumer.partitions_for_topic(topic):
                raise OperationalError(f"topic {topic} does not exist", "run `cleanwire topics`")
        ids = current_ids(settings)
        cut = Cut(settings, consumer, ids, ledger)
        cut.enter_raw()
        raw = RawPages(looker, settings.topics.raw, ids[settings.topics.raw])
        for record in records(consumer, settings.topics.candidates, progress, cut.decided()):
            with _reading(record, unreadable):
                _enter_candidate(record, raw, ledger)
        for topic, kind in _outcome_topics(settings):
            for record in records(consumer, topic, progress):
                with _reading(record, unreadable):
                    _enter_outcome(record, kind, raw, ledger)
        _look_at(raw, ledger)
    if current_ids(settings) != ids:
        raise OperationalError("a topic was made again during the audit", "run it again")
    return ledger.report(), unreadable


def _look_at(raw: RawPages, ledger: Ledger) -> None:
    """Read the records of which numbers alone do not tell."""
    for place in ledger.doubtful[:LOOKED_AT]:
        since = raw.taken_in(place)
        if since is not None:
            ledger.settle(place, since)
    looks = 0
    following: dict[int, float] = {}
    for place in ledger.report().missing:
        partition, offset = place
        if offset >= following.get(partition, 0):
            if looks == LOOKED_AT:
                continue
            looks += 1
            following[partition] = raw.next_offset(place)
        # Up to the next record an offset is a transaction's marker, or a page that was taken back.
        if offset < following[partition]:
            ledger.strike(place)


def _outcome_topics(settings: Settings) -> tuple[tuple[str, Kind], ...]:
    topics = settings.topics
    return (
        (topics.clean, "clean"),
        (topics.duplicates, "duplicate"),
        (topics.rejected, "rejected"),
    )


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


def _enter_candidate(record: Any, raw: RawPages, ledger: Ledger) -> None:  # noqa: ANN401 - as above
    if record.value is None or TAKEDOWN in dict(record.headers):
        # A note between the shards, or for them.
        return
    place = raw.place(orjson.loads(record.value)["source"])
    if place is not None and not raw.is_another(record):
        ledger.in_flight(place)


def _enter_outcome(record: Any, kind: Kind, raw: RawPages, ledger: Ledger) -> None:  # noqa: ANN401 - as above
    if kind == "rejected":
        # Ours are the last of their names, should the page have been rejected before.
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
