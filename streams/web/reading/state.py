"""What the view knows: counts, rates, the latest outcomes, the lag, and whether they are stale.

Invariant: this is plain state without Kafka, a clock or HTML. Every record is entered once. An
outcome that a redelivery repeats is counted again, as it is on the topic again. The size of the
state is bounded, whatever is on the topics.
"""

import bisect
import collections
import dataclasses
from typing import Literal

from streams.kafka.outcome_topics import OutcomeTopic
from streams.web.store.model import Place

Part = Literal["outcomes", "lag", "workers"]
"""The parts of the view that are read, and can fail, on their own."""

LATEST = 50
RATE_SECONDS = 60
HISTORY_SECONDS = 900
BAR_SECONDS = 15


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView:
    """One outcome, as the view shows it.

    Attributes:
        at: the record's time, in seconds since the epoch.
        outcome: the topic that it is on.
        kind: one of `KINDS[outcome]` of `kafka/outcome_topics.py`, or its `OTHER`.
        title: the article's title; if it has none, its URL or its raw record.
        url: the page's URL; None if it cannot be known.
        site: the page's site; None if it cannot be known.
        detail: one more line: language and length, or why the page was rejected.
        similarity: 0 to 1; only duplicates have it.
        copy_of: the URL of the published article that a duplicate names.
        article: the article's id; None for rejected pages.
        source: the place of the raw record; None if that is unknown.
        original: the id of the article that a duplicate names.
    """

    at: float
    outcome: OutcomeTopic
    kind: str
    title: str
    url: str | None = None
    site: str | None = None
    detail: str = ""
    similarity: float | None = None
    copy_of: str | None = None
    article: str | None = None
    source: Place | None = None
    original: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far a consumer group is behind on one partition.

    Attributes:
        group: the consumer group.
        topic: the partition's topic.
        partition: the partition's number.
        records: how many offsets there are from the committed one to the end; if none is
            committed, all offsets of the partition.
        committed: whether the group has committed an offset.
        held: how many of `records` wait for the end of a transaction.
        since: when the first record of that transaction was written, in seconds since the epoch;
            None if that is unknown.
        unread: how many records retention deleted before the group read them.
        oldest: when the first of `records` was written, in seconds since the epoch; None if there
            is none, or if that is not known.
        offset: the offset of the next record that the group reads.
    """

    group: str
    topic: str
    partition: int
    records: int
    committed: bool = True
    held: int = 0
    since: float | None = None
    unread: int = 0
    oldest: float | None = None
    offset: int = 0

    def seconds(self, now: float) -> float | None:
        """The age of the oldest unread record, in seconds.

        Args:
            now: seconds since the epoch.

        Returns:
            0 if nothing is unread; None if there is something, and its age is not known.
        """
        if not self.records:
            return 0.0
        # A producer's clock may be ahead of this one.
        return None if self.oldest is None else max(0.0, now - self.oldest)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Staleness:
    """The view shows old data.

    Attributes:
        since: when Kafka was read last, in seconds since the epoch; None if it never was.
        why: why it could not be read, in a few words.
    """

    since: float | None
    why: str


class State:
    """Everything that the pages show, of all workers.

    Args:
        started: when this worker started, in seconds since the epoch.
        follows: whether this process reads the outcome topics.

    Attributes:
        started: likewise.
        counts: how many outcomes there are, by outcome and kind.
        read_back: how many of them were on the topics before this worker started.
        unreadable: how many records on the outcome topics could not be read, since this worker
            started.
        lags: how far each group is behind, by partition.
    """

    def __init__(self, started: float, *, follows: bool = True) -> None:
        self.started = started
        self.follows = follows
        self.counts: collections.Counter[tuple[OutcomeTopic, str]] = collections.Counter()
        self.read_back = 0
        self.unreadable = 0
        self.lags: list[Lag] = []
        self._latest: list[OutcomeView] = []
        self._seconds: collections.Counter[int] = collections.Counter()
        # The sum of the end offsets of the outcome topics, and when they were asked for.
        self._end: tuple[int, float] | None = None
        self._read_at: dict[Part, float] = {}
        self._faults: dict[Part, str] = {}

    def enter(self, seen: OutcomeView, now: float, *, earlier: bool = False) -> None:
        """Count an outcome.

        Args:
            seen: the outcome; a time in the future counts as now.
            now: seconds since the epoch.
            earlier: whether it was on its topic before this worker started.
        """
        seen = dataclasses.replace(seen, at=min(max(seen.at, 0.0), now))
        self.counts[seen.outcome, seen.kind] += 1
        self.read_back += earlier
        bisect.insort(self._latest, seen, key=lambda entry: entry.at)
        del self._latest[:-LATEST]
        # Later records are counted by their offsets, so a feed that is behind shows true rates.
        if seen.at > now - HISTORY_SECONDS and (earlier or self._end is None):
            self._seconds[int(seen.at)] += 1
        self._drop_old_seconds(now)

    def withdraw(self, article: str) -> None:
        """Forget the latest outcomes of an article that was taken down; `article` is its id."""
        self._latest = [
            dataclasses.replace(seen, copy_of=None, original=None)
            if seen.original == article
            else seen
            for seen in self._latest
            if seen.article != article
        ]

    def progressed(self, end: int, now: float) -> None:
        """Note how many records the outcome topics have had; the rates come from the differences.

        Args:
            end: the sum of the end offsets of their partitions.
            now: seconds since the epoch.
        """
        if self._end is not None:
            before, at = self._end
            seconds = range(int(at), max(int(now), int(at) + 1))
            added = max(end - before, 0)
            for place, second in enumerate(seconds):
                share = added * (place + 1) // len(seconds) - added * place // len(seconds)
                self._seconds[second] += share
        self._end = (end, now)
        self._drop_old_seconds(now)

    def _drop_old_seconds(self, now: float) -> None:
        if len(self._seconds) > 2 * HISTORY_SECONDS:
            for old in [entry for entry in self._seconds if entry < now - HISTORY_SECONDS]:
                del self._seconds[old]

    @property
    def latest(self) -> list[OutcomeView]:
        """The latest outcomes of all topics, the newest first."""
        return self._latest[::-1]

    def total(self, outcome: OutcomeTopic) -> int:
        """How many outcomes of one topic were counted, of all kinds."""
        return sum(count for (name, _), count in self.counts.items() if name == outcome)

    def rate(self, now: float) -> float:
        """Outcomes per second over the last `RATE_SECONDS`; `now` is seconds since the epoch."""
        # The seconds since the offsets were last asked for are not counted yet.
        end = int(now) if self._end is None else min(int(now), int(self._end[1]))
        return self._between(end - RATE_SECONDS, end) / RATE_SECONDS

    def history(self, now: float) -> list[float]:
        """Outcomes per second for each `BAR_SECONDS` of the last `HISTORY_SECONDS`, in order."""
        end = int(now)
        starts = range(end - HISTORY_SECONDS, end, BAR_SECONDS)
        return [self._between(start, start + BAR_SECONDS) / BAR_SECONDS for start in starts]

    def was_read(self, part: Part, now: float) -> None:
        """Note that Kafka answered at `now`, in seconds since the epoch."""
        self._read_at[part] = now
        self._faults.pop(part, None)

    def failed(self, part: Part, fault: str) -> bool:
        """Note that Kafka could not be read, and why; returns whether `fault` is a new reason."""
        news = self._faults.get(part) != fault
        self._faults[part] = fault
        return news

    def stale(self) -> Staleness | None:
        """Whether the view is stale, and why; None if it is up to date."""
        parts: tuple[Part, ...] = ("outcomes", "lag") if self.follows else ("lag",)
        never = [part for part in parts if part not in self._read_at]
        faults = {part: why for part, why in self._faults.items() if part in parts}
        if faults:
            read = [self._read_at[part] for part in faults if part in self._read_at]
            since = None if never else min(read, default=None)
            return Staleness(since=since, why=", ".join(sorted(set(faults.values()))))
        return Staleness(since=None, why="the first answer is awaited") if never else None

    def _between(self, start: int, end: int) -> int:
        return sum(self._seconds[second] for second in range(start, end))
