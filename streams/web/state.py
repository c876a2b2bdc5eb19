"""What the view knows: counts, rates, the latest outcomes, the lag, and since when it is old.

Invariant: plain state without a bus, a clock or HTML. Every record is entered once; what a
redelivery repeats is counted as it stands on the topic. All of it is bounded, whatever stands
on the topics.
"""

import bisect
import collections
import dataclasses
from typing import Literal

from cleanwire.errors import REASONS

OutcomeTopic = Literal["clean", "duplicate", "rejected"]
Part = Literal["outcomes", "lag"]

KINDS: dict[OutcomeTopic, tuple[str, ...]] = {
    "clean": ("new", "revision"),
    "duplicate": ("recrawl", "exact", "near", "excerpt"),
    "rejected": tuple(REASONS),
}
"""The kinds of each outcome; a rejected page's kind is its reason."""

OTHER = "other"
"""Stands for a kind that is none of `KINDS`."""

LATEST = 50
RATE_SECONDS = 60
HISTORY_SECONDS = 900
BAR_SECONDS = 15


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView:
    """One outcome as it stood on its topic.

    Attributes:
        at: the record's time, in seconds since the epoch.
        outcome: which topic it stood on.
        kind: one of `KINDS[outcome]`, or `OTHER`.
        title: the article's title, or where there is none what else names the page.
        url: the page's URL; None where it cannot be known.
        site: the page's site; None as above.
        detail: one line more: language and length, or why it was rejected.
        similarity: 0..1, of duplicates.
        copy_of: the URL of the published article that a duplicate names.
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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far a consumer group is behind on one partition.

    `records` is from the committed offset to the end; where the group has committed none,
    everything that stands there, and `committed` is False. Of these, `held` wait for the end of a
    transaction whose first record was written at `since`, in seconds since the epoch. `unread` are
    records that retention deleted before the group read them.
    """

    group: str
    topic: str
    partition: int
    records: int
    committed: bool = True
    held: int = 0
    since: float | None = None
    unread: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Staleness:
    """What is shown is old: since when (None: it never was read), and why."""

    since: float | None
    why: str


class State:
    """Everything the pages show, of all workers.

    Args:
        started: when this worker started, in seconds since the epoch.
    """

    def __init__(self, started: float) -> None:
        self.started = started
        self.counts: collections.Counter[tuple[OutcomeTopic, str]] = collections.Counter()
        self.read_back = 0
        self.unreadable = 0
        self.lags: list[Lag] = []
        self._latest: list[OutcomeView] = []
        self._seconds: collections.Counter[int] = collections.Counter()
        self._read_at: dict[Part, float] = {}
        self._faults: dict[Part, str] = {}

    def enter(self, seen: OutcomeView, now: float, *, earlier: bool = False) -> None:
        """Count an outcome.

        Args:
            seen: the outcome; a time in the future is taken for now.
            now: seconds since the epoch.
            earlier: it stood on its topic before this worker started.
        """
        seen = dataclasses.replace(seen, at=min(max(seen.at, 0.0), now))
        self.counts[seen.outcome, seen.kind] += 1
        self.read_back += earlier
        bisect.insort(self._latest, seen, key=lambda entry: entry.at)
        del self._latest[:-LATEST]
        if seen.at > now - HISTORY_SECONDS:
            self._seconds[int(seen.at)] += 1
        if len(self._seconds) > 2 * HISTORY_SECONDS:
            for old in [entry for entry in self._seconds if entry < now - HISTORY_SECONDS]:
                del self._seconds[old]

    @property
    def latest(self) -> list[OutcomeView]:
        """The latest outcomes of all topics, the newest first."""
        return self._latest[::-1]

    def total(self, outcome: OutcomeTopic) -> int:
        """All outcomes of one name."""
        return sum(count for (name, _), count in self.counts.items() if name == outcome)

    def rate(self, now: float) -> float:
        """Outcomes per second over the last minute."""
        return self._between(int(now) - RATE_SECONDS, int(now)) / RATE_SECONDS

    def history(self, now: float) -> list[float]:
        """Outcomes per second per `BAR_SECONDS` of the last quarter of an hour."""
        end = int(now)
        starts = range(end - HISTORY_SECONDS, end, BAR_SECONDS)
        return [self._between(start, start + BAR_SECONDS) / BAR_SECONDS for start in starts]

    def was_read(self, part: Part, now: float) -> None:
        """The bus answered."""
        self._read_at[part] = now
        self._faults.pop(part, None)

    def failed(self, part: Part, fault: str) -> bool:
        """The bus did not answer; returns whether that is news."""
        news = self._faults.get(part) != fault
        self._faults[part] = fault
        return news

    def stale(self) -> Staleness | None:
        """Since when what is shown is old; None while it is not."""
        never = [part for part in ("outcomes", "lag") if part not in self._read_at]
        if self._faults:
            read = [self._read_at[part] for part in self._faults if part in self._read_at]
            since = None if never else min(read, default=None)
            return Staleness(since=since, why=", ".join(sorted(set(self._faults.values()))))
        return Staleness(since=None, why="the first answer is awaited") if never else None

    def _between(self, start: int, end: int) -> int:
        return sum(self._seconds[second] for second in range(start, end))
