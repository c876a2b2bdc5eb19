"""The overview page: is all well, and what was done in the last hour and day."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from streams.kafka.outcome_topics import KINDS, OTHER, OutcomeTopic
from streams.kafka.worker_status import WorkerStatus
from streams.web.health import health
from streams.web.pages.article_links import name_of_page
from streams.web.pages.charts import Column, columns, sparkline
from streams.web.pages.rendering import render
from streams.web.reading.backlog import Backlog
from streams.web.reading.state import HISTORY_SECONDS, State
from streams.web.reading.workers import is_silent
from streams.web.store.model import Extent, Interval, KindCount
from streams.web.store.summary import DAY, HOUR, MINUTE, QUARTER, Summary

_WORDS: dict[OutcomeTopic, str] = {
    "clean": "published",
    "duplicate": "copies of published articles",
    "rejected": "no articles, or broken",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the overview shows.

    Attributes:
        state: what the view knows of the topics.
        backlog: how the lag develops.
        waiting: what each stage of this process waits for, by stage; empty if it is ready.
        workers: the statuses of all workers.
        summary: the last hour and day; None while there is no store.
        extent: the size of the store; None while there is none.
        store_bytes: the most bytes of the store.
        store_off: why the store is off; empty if it is on.
    """

    state: State
    backlog: Backlog
    waiting: Mapping[str, str]
    workers: Sequence[WorkerStatus] = ()
    summary: Summary | None = None
    extent: Extent | None = None
    store_bytes: int = 0
    store_off: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Card:
    """The counts of one outcome: in the first period by kind, and in the second as a whole."""

    outcome: OutcomeTopic
    words: str
    total: int
    share: float | None
    day: int | None
    kinds: list[tuple[str, int]]


def overview(shown: Overview, now: float, *, live: bool = True) -> str:
    """The overview page, as a whole HTML document.

    Args:
        shown: what it shows.
        now: seconds since the epoch.
        live: whether the page follows the stream.
    """
    state, summary = shown.state, shown.summary
    return render(
        "overview.html",
        now=now,
        live=live,
        live_possible=True,
        health=health(state, shown.backlog, shown.waiting, shown.workers, now),
        store_off=shown.store_off[:1].upper() + shown.store_off[1:],
        follows=state.follows,
        started=state.started,
        read_back=state.read_back,
        cards=_cards_of_store(summary) if summary else _cards_of_state(state),
        charts=_charts(summary, now) if summary else None,
        latencies=_latencies(summary) if summary else [],
        rate=state.rate(now),
        **_lag(shown.backlog, state, now),
        workers=[(worker, is_silent(worker, now)) for worker in shown.workers],
        shards=[(worker.name, one) for worker in shown.workers for one in worker.shards],
        extent=shown.extent,
        store_bytes=shown.store_bytes,
        # Without the store there are no stories to lead to.
        latest=[(one, name_of_page(one) if summary else None) for one in state.latest[:20]],
    )


def _cards_of_state(state: State) -> list[_Card]:
    """The counts since this process started, where there is no store."""
    return [
        _Card(
            outcome=outcome,
            words=_WORDS[outcome],
            total=state.total(outcome),
            share=None,
            day=None,
            kinds=_shown_kinds(outcome, state.counts),
        )
        for outcome in KINDS
    ]


def _cards_of_store(summary: Summary) -> list[_Card]:
    hour, day = _by_kind(summary.last_hour.counts), _by_kind(summary.last_day.counts)
    whole = sum(hour.values())
    cards = []
    for outcome in KINDS:
        total = sum(count for (name, _), count in hour.items() if name == outcome)
        cards.append(
            _Card(
                outcome=outcome,
                words=_WORDS[outcome],
                total=total,
                share=total / whole if whole else None,
                day=sum(count for (name, _), count in day.items() if name == outcome),
                kinds=_shown_kinds(outcome, hour),
            )
        )
    return cards


def _shown_kinds(
    outcome: OutcomeTopic, counts: Mapping[tuple[OutcomeTopic, str], int]
) -> list[tuple[str, int]]:
    """The counts of an outcome by kind."""
    # There are many reasons of rejection, so those that never occurred are left out.
    kinds = [
        (kind, count)
        for kind in (*KINDS[outcome], OTHER)
        if (count := counts.get((outcome, kind), 0)) or (outcome != "rejected" and kind != OTHER)
    ]
    return sorted(kinds, key=lambda entry: -entry[1]) if outcome == "rejected" else kinds


def _by_kind(counts: Iterable[KindCount]) -> dict[tuple[OutcomeTopic, str], int]:
    return {(one.outcome, one.kind): one.count for one in counts}


def _charts(summary: Summary, now: float) -> list[tuple[str, Markup, str, str]]:
    """Title, chart, and the texts at both ends, of the last hour and the last day."""
    end = int(now * 1000) - int(now * 1000) % MINUTE + MINUTE
    quarter = end - end % QUARTER + QUARTER
    return [
        (
            "The last hour, by minute",
            _stacked(summary.hour, range(end - HOUR, end, MINUTE), "pages, the last hour"),
            "60 min ago",
            "now",
        ),
        (
            "The last day, by quarter of an hour",
            _stacked(summary.day, range(quarter - DAY, quarter, QUARTER), "pages, the last day"),
            "24 h ago",
            "now",
        ),
    ]


def _stacked(intervals: Sequence[Interval], starts: range, label: str) -> Markup:
    known = {interval.start: interval for interval in intervals}
    series = []
    for start in starts:
        interval = known.get(start)
        parts: dict[str, float] = dict.fromkeys(KINDS, 0)
        for one in interval.counts if interval else ():
            parts[one.outcome] += one.count
        at = dt.datetime.fromtimestamp(start / 1000, dt.UTC)
        series.append(Column(label=f"{at:%H:%M}", parts=parts))
    return columns(series, label=label, unit="pages")


def _latencies(summary: Summary) -> list[tuple[str, list[tuple[str, Any]]]]:
    """For each measure the quantiles of the last hour and of the last day."""
    hour, day = summary.last_hour, summary.last_day
    return [
        ("from arrival on raw-pages", [("hour", hour.arrival), ("day", day.arrival)]),
        ("from fetch", [("hour", hour.fetch), ("day", day.fetch)]),
    ]


def _lag(backlog: Backlog, state: State, now: float) -> dict[str, Any]:
    """What the template says of the lag."""
    last, records = backlog.latest, backlog.records
    age = None if last is None or last.oldest is None else max(0.0, now - last.oldest)
    trend = None
    if len(records) > 1:
        trend = sparkline(records, label=f"lag, the last {HISTORY_SECONDS // 60} minutes")
    return {
        "lags": state.lags,
        "lag_total": sum(lag.records for lag in state.lags),
        "lag_age": age if last and last.records else None,
        "lag_trend": trend,
        "lag_shrinks_by": backlog.shrinks_by(),
        "caught_up_in": backlog.caught_up_in(),
    }
