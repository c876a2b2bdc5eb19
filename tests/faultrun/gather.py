"""Reads all topics into a check, with the oracle beside them.

Invariant: the oracle is the batch mode with the same input. It cleans the raw records. It
decides on the first partition of `candidates`, whose offsets are the order of decisions, with as
many shards as the stream has. Only digests are kept, so that a run of many pages fits in memory.
"""

import contextlib
import hashlib
import itertools
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from kafka import KafkaConsumer

from cleanwire.clean import clean_event
from cleanwire.dedupe.deduper import candidate, event_time_of, outcome_event
from cleanwire.dedupe.policy import Candidate
from cleanwire.dedupe.records import unpack_candidate, unpack_takedown
from cleanwire.dedupe.shard_chain import ShardChain
from cleanwire.errors import PageRejected, Withdrawn
from cleanwire.events import Article, Source
from faultrun.check import Checker
from faultrun.load import HEADER, Load
from faultrun.terms import Place, Told
from streams.kafka import clients
from streams.kafka.headers import TAKEDOWN
from streams.kafka.topic_reader import records
from streams.ops.audit import audit
from streams.policy import thresholds, window
from streams.runtime.dead_letters import added_to
from streams.settings import Settings

PIECE = 1600
"""Raw records that are in memory at a time."""

Page = tuple[Place, bytes | None, bytes | None, float]
"""A raw record: its place, its number as the header has it, its value, and its time in seconds
since the epoch."""


class Oracle:
    """The batch mode's decisions on `candidates`, record by record, in their order.

    A record without a value is a note between the shards, not an article. A takedown takes its
    place in the order too.
    """

    def __init__(self, settings: Settings, checker: Checker) -> None:
        self._raw = settings.topics.raw
        self._checker = checker
        self._seen: set[str] = set()
        self._withdrawn: set[str] = set()
        # `cleanwire.Deduper` uses such a chain with one shard.
        self._chain = ShardChain(
            settings.dedupe_shards,
            window=window(settings),
            thresholds=thresholds(settings),
            most_bytes=settings.dedupe_memory,
        )

    def take(self, record: Any) -> None:  # noqa: ANN401 - untyped library
        """Decide on one record of the first partition and enter the decision.

        Raises:
            ValueError: the record is no candidate of this run.
        """
        if record.value is None:
            return
        if TAKEDOWN in dict(record.headers):
            self._take_down(record)
            return
        arrived = unpack_candidate(record.value)
        article, source = arrived.article, arrived.source
        if source.topic != self._raw:
            raise ValueError(f"it comes from {source.topic}")
        place = source.partition, source.offset
        is_first = self._checker.candidate(
            place, record.offset, _cleaned(article, arrived.event_time)
        )
        known = candidate(article, event_time=arrived.event_time, sequence=record.offset)
        is_refused = article.id in self._withdrawn
        if not is_refused and article.id not in self._seen:
            is_refused = not self._decide(article, source, known)
        if is_refused and is_first:
            self._checker.refused(place)

    def _decide(self, article: Article, source: Source, known: Candidate) -> bool:
        """Decide on an article that comes for the first time; False if it was taken down before."""
        try:
            decision = self._chain.decide(known)
        except Withdrawn:
            return False
        self._seen.add(article.id)
        self._checker.expected(
            told(orjson.loads(orjson.dumps(outcome_event(article, source, decision))))
        )
        return True

    def _take_down(self, record: Any) -> None:  # noqa: ANN401 - untyped library
        at = record.timestamp / 1000
        ids = self._chain.withdraw(unpack_takedown(record.value, at=at, sequence=record.offset))
        self._withdrawn |= set(ids)
        self._checker.takedown(ids)


def gather(settings: Settings, load: Load, checker: Checker) -> None:
    """Read all topics and enter what is on them.

    Args:
        settings: the brokers and the topics.
        load: the events that were published.
        checker: takes everything that is read.
    """
    topics, oracle = settings.topics, Oracle(settings, checker)
    with clients.consumer(settings) as consumer:
        for record in records(consumer, topics.candidates, _silent, only=0):
            with _reading(record, checker):
                oracle.take(record)
        for topic in (topics.clean, topics.duplicates):
            for record in records(consumer, topic, _silent):
                with _reading(record, checker):
                    if record.value is None and topic == topics.clean:
                        checker.tombstone(record.key.decode())
                        continue
                    event = orjson.loads(record.value)
                    if record.key != event["id"].encode():
                        raise ValueError("its key is not its id")
                    checker.outcome(_place(event["source"], topics.raw), told(event))
        for record in records(consumer, topics.rejected, _silent):
            with _reading(record, checker):
                checker.outcome(*_rejected(record.headers, topics.raw))
        _gather_raw(consumer, settings, load, checker)
    _gather_audit(settings, checker)


def told(event: dict[str, Any]) -> Told:
    """An outcome event as the check compares it, without its source."""
    event = {name: value for name, value in event.items() if name != "source"}
    clean = "revision" in event
    return Told(
        kind="clean" if clean else event["kind"],
        what=event["id"],
        digest=_digest(event),
        names=event["supersedes"] if clean else event["duplicate_of"],
        similarity=event.get("similarity"),
        revision=event.get("revision"),
    )


def cleaned(settings: Settings, value: bytes | None, received_at: float) -> Told:
    """The result of cleaning a raw record.

    Args:
        settings: the limits of cleaning.
        value: the record's value.
        received_at: the record's time on Kafka, in seconds since the epoch.
    """
    try:
        article = clean_event(
            value,
            max_page_bytes=settings.max_page_bytes,
            require_article=settings.require_article,
        )
    except PageRejected as error:
        return _rejection(error.reason, error.detail)
    return _cleaned(article, event_time_of(article.fetched_at, received_at))


def _cleaned(article: Article, event_time: float) -> Told:
    event = [event_time, orjson.loads(orjson.dumps(article))]
    return Told(kind="candidate", what=article.id, digest=_digest(event))


def _rejection(reason: str, detail: str) -> Told:
    return Told(kind="rejected", what=reason, digest=_digest(detail))


def _digest(what: Any) -> bytes:  # noqa: ANN401 - any JSON
    packed = orjson.dumps(what, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(packed, digest_size=12).digest()


def _silent(*_: object) -> None:
    """Report no progress of the reading."""


@contextlib.contextmanager
def _reading(record: Any, checker: Checker) -> Iterator[None]:  # noqa: ANN401 - untyped library
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        where = f"{record.topic} partition {record.partition} offset {record.offset}"
        checker.violation("unreadable", f"{where}: {type(error).__name__}: {error}")


def _place(source: Mapping[str, Any], raw: str) -> Place:
    if source["topic"] != raw:
        raise ValueError(f"it comes from {source['topic']}")
    return int(source["partition"]), int(source["offset"])


def _rejected(headers: Sequence[tuple[str, bytes]], raw: str) -> tuple[Place, Told]:
    ours = added_to(headers)
    source = {name: ours[f"source.{name}"] for name in ("topic", "partition", "offset")}
    place = _place(source, raw)
    if ours["reason"] == Withdrawn.reason:
        return place, Told(kind="withdrawn", what=ours["article"], digest=b"")
    return place, _rejection(ours["reason"], ours["detail"])


def _gather_raw(consumer: KafkaConsumer, settings: Settings, load: Load, checker: Checker) -> None:
    pages = (
        (
            (record.partition, record.offset),
            dict(record.headers).get(HEADER),
            record.value,
            record.timestamp / 1000,
        )
        for record in records(consumer, settings.topics.raw, _silent)
    )
    if load.events <= PIECE:
        _begin(settings, load)
        for page in pages:
            checker.raw(*_clean_again(page))
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(initializer=_begin, initargs=(settings, load)) as pool:
        # Piece by piece, because a pool reads its whole input into memory at once.
        while piece := list(itertools.islice(pages, PIECE)):
            for place, event, told_of in pool.map(_clean_again, piece, chunksize=PIECE // 16):
                checker.raw(place, event, told_of)


_HERE: dict[str, Any] = {}


def _begin(settings: Settings, load: Load) -> None:
    _HERE.update(settings=settings, load=load)


def _clean_again(page: Page) -> tuple[Place, int | None, Told]:
    """Clean a page once more, and compare it with the event that its header names.

    Returns:
        Its place; the number of the event, None if it is not that event; the result of cleaning.
    """
    place, number, value, received_at = page
    load, event = _HERE["load"], None
    if number is not None and number.isdigit() and int(number) < load.events:
        made = load.event(int(number))
        if made.value == value and made.partition == place[0]:
            event = made.number
    return place, event, cleaned(_HERE["settings"], value, received_at)


def _gather_audit(settings: Settings, checker: Checker) -> None:
    report, unreadable = audit(settings)
    for kind in ("missing", "double", "dangling", "unexplained", "republished"):
        for entry in getattr(report, kind):
            checker.violation("audit", f"{kind}: {entry}")
    for entry in unreadable:
        checker.violation("audit", f"unreadable: {entry}")
    for kind in ("waiting", "in_flight", "beyond"):
        if getattr(report, kind):
            checker.violation("audit", f"{kind}: {getattr(report, kind)}")
