"""Counts and latencies by interval, as rows that can be added up.

Invariants:

- A count is added in the transaction that enters its outcome. Nothing subtracts from it: a
  deletion or a takedown leaves the counts, which name no page.
- Latencies are kept as a histogram whose buckets grow by `GROWTH`, so histograms of intervals can
  be added, and a quantile is within 5 % (DDSketch; Masson, Rim and Lee, VLDB 2019).
"""

import collections
import math
import sqlite3
from collections.abc import Mapping

from streams.web.store.model import Measure, OutcomeRecord, Quantiles

WIDTHS = (60_000, 900_000)
"""The lengths of the intervals, in milliseconds: a minute and a quarter of an hour."""

MINUTES_KEPT = 2 * 86_400_000
"""Milliseconds for which minutes are kept. Quarters of an hour are kept as long as outcomes."""

GROWTH = 1.1
MEASURES: tuple[Measure, ...] = ("fetch", "arrival")

_LOG = math.log(GROWTH)


class Figures:
    """What a transaction adds to the counts and histograms."""

    def __init__(self) -> None:
        self._series: collections.Counter[tuple[int, int, int]] = collections.Counter()
        self._latency: collections.Counter[tuple[int, int, int, int]] = collections.Counter()

    def add(self, record: OutcomeRecord, kind: int) -> None:
        """Count an outcome; `kind` is the number of its kind."""
        waits = [
            (number, bucket_of(record.at - began))
            for number, began in enumerate((record.fetched, record.arrived))
            # A clock that is ahead gives no latency.
            if began is not None and began <= record.at
        ]
        for width in WIDTHS:
            start = record.at - record.at % width
            self._series[width, start, kind] += 1
            for number, bucket in waits:
                self._latency[width, start, number, bucket] += 1

    def write(self, connection: sqlite3.Connection) -> None:
        """Add everything to the tables."""
        connection.executemany(
            "INSERT INTO series VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(*key, count) for key, count in self._series.items()],
        )
        connection.executemany(
            "INSERT INTO latency VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(*key, count) for key, count in self._latency.items()],
        )


def bucket_of(milliseconds: int) -> int:
    """The bucket of a latency: bucket n holds what is over GROWTH^(n-1) and up to GROWTH^n ms."""
    return max(0, math.ceil(math.log(milliseconds) / _LOG)) if milliseconds > 0 else 0


def quantiles(histogram: Mapping[int, int]) -> Quantiles | None:
    """The quantiles of a histogram, from bucket to count; None if it is empty."""
    total = sum(histogram.values())
    if not total:
        return None
    p50, p95, p99 = (_quantile(histogram, total, share) for share in (0.5, 0.95, 0.99))
    return Quantiles(count=total, p50=p50, p95=p95, p99=p99)


def _quantile(histogram: Mapping[int, int], total: int, share: float) -> float:
    """The value, in seconds, of rank ceil(share * total)."""
    left = math.ceil(share * total)
    bucket = 0
    for bucket in sorted(histogram):
        left -= histogram[bucket]
        if left <= 0:
            break
    # This value is equally far, relatively, from both ends of the bucket.
    return 2 * GROWTH**bucket / (GROWTH + 1) / 1000


def forget(connection: sqlite3.Connection, oldest: int, now: int) -> None:
    """Delete the minutes and quarters that are older than they are kept for.

    Args:
        connection: in a transaction.
        oldest: the time before which outcomes expire.
        now: milliseconds since the epoch.
    """
    for width, before in zip(WIDTHS, (max(oldest, now - MINUTES_KEPT), oldest), strict=True):
        for table in ("series", "latency"):
            connection.execute(
                f"DELETE FROM {table} WHERE width = ? AND start < ?",  # noqa: S608 - two literals
                (width, before - width),
            )
