"""What the view knows: counts, rates, the latest outcomes, the lag.

The rule here: plain state without a bus, a clock or HTML. Every outcome is entered once; what a
redelivery repeats is counted as it stands on the topic.
"""

import collections
import dataclasses

LATEST = 50
MINUTES = 15


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One outcome as it stood on its topic; `at` is the broker's time in seconds."""

    at: float
    outcome: str
    kind: str
    name: str
    detail: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far a consumer group is behind on one partition; None where it never committed."""

    group: str
    topic: str
    partition: int
    records: int | None


class State:
    """Everything the pages show, of all workers."""

    def __init__(self) -> None:
        self.counts: collections.Counter[tuple[str, str]] = collections.Counter()
        self.latest: collections.deque[Seen] = collections.deque(maxlen=LATEST)
        self.lags: list[Lag] = []
        self.fault: str | None = None
        self.since: float | None = None
        self._minutes: collections.Counter[int] = collections.Counter()

    def enter(self, seen: Seen) -> None:
        """Count an outcome."""
        self.counts[seen.outcome, seen.kind] += 1
        self.latest.appendleft(seen)
        minute = int(seen.at // 60)
        self._minutes[minute] += 1
        for old in [entry for entry in self._minutes if entry <= minute - 2 * MINUTES]:
            del self._minutes[old]

    def total(self, outcome: str) -> int:
        """All outcomes of one name."""
        return sum(count for (name, _), count in self.counts.items() if name == outcome)

    def per_minute(self, now: float) -> list[int]:
        """Outcomes in each of the last minutes, the oldest first, the running one last."""
        current = int(now // 60)
        return [self._minutes[current - back] for back in range(MINUTES - 1, -1, -1)]

    def rate(self, now: float) -> float:
        """Outcomes per second over the last full minute and the running one."""
        current = int(now // 60)
        return (self._minutes[current - 1] + self._minutes[current]) / (60 + now % 60)
