"""How the lag of all groups develops.

Invariant: only measurements of the last `HISTORY_SECONDS` count, and what follows from fewer than
two of them is None.
"""

import collections
import dataclasses
from collections.abc import Sequence

from streams.web.reading.state import HISTORY_SECONDS, Lag

TREND_SECONDS = 60.0
"""The time over which the speed is measured."""

LEAST_SECONDS = 6.0
"""A speed over less time than this says nothing."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The lag at one time.

    Attributes:
        at: when it was measured, in seconds since the epoch.
        records: how many records the groups are behind, over all partitions.
        oldest: when the oldest unread record was written; None if there is none, or it is unknown.
        position: the sum of the offsets where the groups read next.
    """

    at: float
    records: int
    oldest: float | None
    position: int


class Backlog:
    """The measurements of the last minutes."""

    def __init__(self) -> None:
        self._measurements: collections.deque[Measurement] = collections.deque()
        self._moved_at: float | None = None

    def measured(self, lags: Sequence[Lag], now: float) -> None:
        """Take in a measurement of all partitions; `now` is seconds since the epoch."""
        written = [lag.oldest for lag in lags if lag.records and lag.oldest is not None]
        measurement = Measurement(
            at=now,
            records=sum(lag.records for lag in lags),
            oldest=min(written, default=None),
            position=sum(lag.offset for lag in lags),
        )
        before = self._measurements[-1] if self._measurements else None
        if before is None or before.position != measurement.position or not measurement.records:
            self._moved_at = now
        self._measurements.append(measurement)
        while self._measurements[0].at < now - HISTORY_SECONDS:
            self._measurements.popleft()

    @property
    def latest(self) -> Measurement | None:
        """The last measurement; None before the first."""
        return self._measurements[-1] if self._measurements else None

    @property
    def records(self) -> list[int]:
        """The records of each measurement, in order."""
        return [measurement.records for measurement in self._measurements]

    def shrinks_by(self) -> float | None:
        """Records a second by which the lag became smaller over `TREND_SECONDS`; None if unknown.

        It is negative while the lag grows.
        """
        if not self._measurements:
            return None
        last = self._measurements[-1]
        first = next(one for one in self._measurements if one.at >= last.at - TREND_SECONDS)
        seconds = last.at - first.at
        return (first.records - last.records) / seconds if seconds >= LEAST_SECONDS else None

    def caught_up_in(self) -> float | None:
        """Seconds until nothing is left at this speed; None if that is never, or unknown."""
        speed = self.shrinks_by()
        last = self.latest
        if last is None or speed is None or speed <= 0:
            return None
        return last.records / speed

    def stands_still_for(self, now: float) -> float:
        """Seconds for which there was lag, and no group committed anything."""
        last = self.latest
        if last is None or not last.records or self._moved_at is None:
            return 0.0
        return now - self._moved_at
