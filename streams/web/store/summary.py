"""What the overview asks of the store: the last hour and the last day.

Invariant: the answers come from the counts by interval, so they cost the same however many outcomes
the store holds.
"""

import collections
import dataclasses
import sqlite3

from streams.web.store import figures, queries
from streams.web.store.model import Interval, KindCount
from streams.web.store.search import kind_counts, kinds

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
QUARTER = 15 * MINUTE


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The last hour and the last day.

    Attributes:
        hour: the minutes of the last hour in which something was written, without latencies.
        day: the quarters of an hour of the last day in which something was written, likewise.
        last_hour: the last hour as one interval.
        last_day: the last day as one interval.
    """

    hour: tuple[Interval, ...]
    day: tuple[Interval, ...]
    last_hour: Interval
    last_day: Interval


def summary(connection: sqlite3.Connection, now: int) -> Summary:
    """The last hour and the last day.

    Args:
        connection: an open store, in a snapshot.
        now: milliseconds since the epoch.
    """
    end = now - now % MINUTE + MINUTE
    return Summary(
        hour=queries.series(connection, end - HOUR, end, MINUTE, latencies=False),
        day=queries.series(connection, end - DAY, end, QUARTER, latencies=False),
        last_hour=_whole(connection, end - HOUR, end),
        last_day=_whole(connection, end - DAY, end),
    )


def _whole(connection: sqlite3.Connection, since: int, until: int) -> Interval:
    """A time range of whole minutes, an hour at least, as one interval."""
    # Quarters are a fifteenth of the rows; only the ends of the range need minutes.
    first, last = since + -since % QUARTER, until - until % QUARTER
    counts: collections.Counter[int] = collections.Counter()
    waits = [collections.Counter[int]() for _ in figures.MEASURES]
    for span in ((MINUTE, since, first), (QUARTER, first, last), (MINUTE, last, until)):
        for kind, many in connection.execute(
            "SELECT kind, sum(count) FROM series WHERE width = ? AND start >= ? AND start < ? "
            "GROUP BY kind",
            span,
        ):
            counts[kind] += many
        for measure, bucket, many in connection.execute(
            "SELECT measure, bucket, sum(count) FROM latency "
            "WHERE width = ? AND start >= ? AND start < ? GROUP BY measure, bucket",
            span,
        ):
            waits[measure][bucket] += many
    fetch, arrival = (
        figures.quantiles(waits[figures.MEASURES.index(measure)])
        for measure in ("fetch", "arrival")
    )
    found: tuple[KindCount, ...] = kind_counts(kinds(connection), list(counts.items()))
    return Interval(start=since, counts=found, fetch=fetch, arrival=arrival)
