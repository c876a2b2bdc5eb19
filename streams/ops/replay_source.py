"""Which pages a replay runs again, and the records that do it.

Invariants:

- The bounds are those of the moment at which the replay began. So it never reads its own records.
- Of the records of one page, at most one is run again.
- The records to append have value, key and headers of the original. Only the headers that Cleanwire
  added to them are taken off. `cleanwire.replay-of` is put on, and `cleanwire.source.timestamp`,
  which says when the original arrived.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from cleanwire.urls import site_of
from streams.errors import OperationalError
from streams.kafka import clients
from streams.kafka.headers import ARRIVED, REPLAY_OF, Original, original_of, replay_header
from streams.kafka.outcome_topics import outcome_topics
from streams.kafka.raw_records import arrival, first_arrival
from streams.kafka.topic_ids import ids_of
from streams.kafka.topic_reader import CLOCKS, Progress, bounds, partitions_in, records
from streams.ops.page_facts import Pages, TakenDown, article_of, read_outcome, url_of
from streams.runtime.dead_letters import ADDED, added_to
from streams.settings import Settings

WITHDRAWN = "withdrawn"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """What is to be run again.

    Attributes:
        since: the time of the first record, in seconds since the epoch; None for the earliest.
        until: the time of the first record after the last one; None for the present end.
        dead_letters: whether the pages come from `rejected-pages` instead of `raw-pages`.
        reasons: of dead letters, the reasons that count; empty for all.
        sites: the sites whose pages count, as `site_of` gives them; empty for all.
    """

    since: float | None = None
    until: float | None = None
    dead_letters: bool = False
    reasons: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRecord:
    """A record to append to `raw-pages`.

    Attributes:
        row: the row of its page.
        key: the key of the original.
        value: the value of the original.
        headers: the headers of the original, and the one that names it.
        partition: the original's partition, so that the records of a page stay in their order; None
            where `raw-pages` does not have it any more.
    """

    row: int
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]
    partition: int | None


class ReplaySource:
    """The pages of a request, as the topics have them at one moment.

    Args:
        settings: the brokers and the topics.
        consumer: a consumer without a group. It is assigned partitions as needed.
        request: what is to be run again.

    Attributes:
        pages: what each page gave before, and how far its replay is.
        skipped: how many records are not run again, by why not.
        positions: the offset up to which the outcomes before are read, by partition.

    Raises:
        OperationalError: a topic does not exist, or Kafka is away.
    """

    def __init__(self, settings: Settings, consumer: KafkaConsumer, request: ReplayRequest) -> None:
        self._settings = settings
        self._consumer = consumer
        self._request = request
        topics = settings.topics
        names = [topics.raw, *outcome_topics(settings)]
        with clients.admin(settings) as admin:
            ids = ids_of(admin, names)
        for name in names:
            if name not in ids:
                raise OperationalError(f"topic {name} does not exist", "run `cleanwire topics`")
        self._raw_id = ids[topics.raw]
        self._raw_partitions = len(partitions_in(consumer, topics.raw))
        self._topic = topics.rejected if request.dead_letters else topics.raw
        self._start, self._stop = bounds(consumer, self._topic, request.since, request.until)
        self.pages = Pages()
        self.skipped: Counter[str] = Counter()
        self.positions: Mapping[TopicPartition, int] = {}
        self._taken_down = TakenDown()

    def read_before(self, progress: Progress) -> None:
        """Read what the pages gave before.

        Raises:
            OperationalError: Kafka is away, or the end of a topic cannot be reached.
        """
        if self._request.dead_letters:
            for record in self._records(progress):
                if (original := self._of_dead_letter(record)) is not None:
                    self.pages.add(original)
        since = self._request.since
        # An outcome is written after its raw page. Outcomes are stamped by the workers' clocks.
        since = None if since is None else since - CLOCKS
        positions: dict[TopicPartition, int] = {}
        for topic, kind in outcome_topics(self._settings).items():
            start, stop = bounds(self._consumer, topic, since)
            positions |= stop
            for record in records(self._consumer, topic, progress, start, stop=stop):
                if kind == "clean":
                    self._taken_down.enter(record)
                    if record.value is None:
                        continue
                try:
                    outcome = read_outcome(kind, record)
                except (KeyError, TypeError, ValueError):
                    # Another program wrote it. `cleanwire audit` names such records.
                    continue
                if self._is_asked_for(outcome.source) or self._is_asked_for(outcome.original):
                    self.pages.enter(self.pages.add(outcome.original), outcome)
        self.positions = positions

    def to_append(self, progress: Progress) -> Iterator[ReplayRecord]:
        """The records to append, in the order of each partition.

        `skipped` counts the others as the reading goes on. A caller notes in `pages` what it
        appends.

        Raises:
            OperationalError: Kafka is away, or the end of the topic cannot be reached.
        """
        self.skipped.clear()
        for record in self._records(progress):
            original = self._original(record)
            if original is None:
                continue
            row = self.pages.add(original)
            if (why := self._why_not(row, record)) is not None:
                self.skipped[why] += 1
            elif not self.pages.choose(row):
                self.skipped["another record of the same page"] += 1
            else:
                yield self._record(row, original, record)

    def _records(self, progress: Progress) -> Iterator[Any]:
        yield from records(self._consumer, self._topic, progress, self._start, stop=self._stop)

    def _is_asked_for(self, original: Original) -> bool:
        """Whether the outcome of a raw record is needed."""
        if self._request.dead_letters:
            return self.pages.find(original) is not None
        return self._is_in_range(original)

    def _is_in_range(self, original: Original) -> bool:
        partition = TopicPartition(self._topic, original.partition)
        return (
            original.topic_id == self._raw_id
            and partition in self._stop
            and self._start[partition] <= original.offset < self._stop[partition]
        )

    def _original(self, record: Any) -> Original | None:  # noqa: ANN401 - untyped library
        """The first original of a record's page; None, and counted, if it cannot be run again."""
        if self._request.dead_letters:
            return self._of_dead_letter(record)
        return self._of_raw(record)

    def _why_not(self, row: int, record: Any) -> str | None:  # noqa: ANN401 - untyped library
        """Why a page is not to be run again; None if it is."""
        facts = self.pages.facts(row)
        if facts.reason == WITHDRAWN or self._is_taken_down(facts.article, record):
            return "taken down"
        if self._request.dead_letters and facts.reason is None:
            return "not rejected any more"
        if self._request.dead_letters and not self._is_wanted(facts.reason or ""):
            return "rejected for another reason since"
        if self._request.sites:
            url = url_of(record, self._settings.raw_format)
            if site_of(url) not in self._request.sites:
                return "of another site"
        return None

    def _is_taken_down(self, article: str, record: Any) -> bool:  # noqa: ANN401 - untyped library
        # A dead letter is kept longer than the article that its page once gave, and so is the
        # tombstone of that article. The id follows from the page.
        if not self._taken_down:
            return False
        return (article or article_of(record, self._settings.raw_format)) in self._taken_down

    def _of_raw(self, record: Any) -> Original | None:  # noqa: ANN401 - untyped library
        own = Original(self._raw_id, record.partition, record.offset)
        original = original_of(record.headers) or own
        if original != own and self._is_in_range(original):
            self.skipped["replays of pages in the range"] += 1
            return None
        if record.value is None:
            self.skipped["without a value"] += 1
            return None
        return original

    def _of_dead_letter(self, record: Any) -> Original | None:  # noqa: ANN401 - untyped library
        try:
            added = added_to(record.headers)
            reason, topic = added["reason"], added["source.topic"]
            own = Original(
                added.get("source.topic-id", ""),
                int(added["source.partition"]),
                int(added["source.offset"]),
            )
        except (KeyError, ValueError, AttributeError):
            self.skipped["no dead letters of Cleanwire"] += 1
            return None
        if not self._is_wanted(reason):
            self.skipped["rejected for another reason"] += 1
            return None
        if topic != self._settings.topics.raw:
            self.skipped[f"not from {self._settings.topics.raw}"] += 1
            return None
        if record.value is None:
            self.skipped[f"{reason}, without a value"] += 1
            return None
        return original_of(record.headers) or own

    def _is_wanted(self, reason: str) -> bool:
        return not self._request.reasons or reason in self._request.reasons

    def _record(self, row: int, original: Original, record: Any) -> ReplayRecord:  # noqa: ANN401 - untyped library
        added = ADDED if self._request.dead_letters else frozenset()
        headers = [
            (name, value)
            for name, value in record.headers
            if name not in added and name not in {REPLAY_OF, ARRIVED}
        ]
        # A page whose record says no fetch time was fetched when its first record arrived: its
        # article has the same id again only with that time.
        arrived = first_arrival(record.headers)
        if arrived is None and not self._request.dead_letters:
            arrived = record.timestamp / 1000
        first = [(ARRIVED, arrival(arrived))] if arrived is not None else []
        is_there = original.topic_id == self._raw_id and original.partition < self._raw_partitions
        return ReplayRecord(
            row=row,
            key=record.key,
            value=record.value,
            headers=[*headers, *first, *replay_header(original)],
            partition=original.partition if is_there else None,
        )
