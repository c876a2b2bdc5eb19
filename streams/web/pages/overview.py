"""The overview page."""

import dataclasses
import datetime as dt

from streams.kafka.outcome_topics import KINDS, OTHER, OutcomeTopic
from streams.web.pages.charts import Column, columns
from streams.web.pages.rendering import render
from streams.web.state import BAR_SECONDS, HISTORY_SECONDS, State

_WORDS: dict[OutcomeTopic, str] = {
    "clean": "published",
    "duplicate": "copies of published articles",
    "rejected": "no articles, or broken",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Card:
    """The count of one outcome, with its kinds."""

    outcome: OutcomeTopic
    words: str
    total: int
    kinds: list[tuple[str, int]]


def overview(
    state: State,
    now: float,
    waiting: dict[str, str],
    *,
    live: bool = True,
    store_off: str = "",
) -> str:
    """The overview page, as a whole HTML document.

    Args:
        state: what the view knows of the topics.
        now: seconds since the epoch.
        waiting: what each stage of this worker still waits for, by stage; empty if it is ready.
        live: whether the page follows the stream.
        store_off: why the store is off; empty if it is on.
    """
    history = state.history(now)
    starts = (int(now) - HISTORY_SECONDS + place * BAR_SECONDS for place in range(len(history)))
    chart = columns(
        [
            Column(label=f"{dt.datetime.fromtimestamp(at, dt.UTC):%H:%M:%S}", parts={"all": rate})
            for at, rate in zip(starts, history, strict=True)
        ],
        label=f"outcomes per second, the last {HISTORY_SECONDS // 60} minutes",
        unit="a second",
    )
    return render(
        "overview.html",
        now=now,
        live=live,
        live_possible=True,
        store_off=store_off[:1].upper() + store_off[1:],
        follows=state.follows,
        stale=state.stale(),
        waiting={stage: why for stage, why in waiting.items() if why},
        cards=[_card(state, outcome) for outcome in KINDS],
        rate=state.rate(now),
        rate_chart=chart,
        peak=max(history),
        history_minutes=HISTORY_SECONDS // 60,
        started=state.started,
        read_back=state.read_back,
        lags=state.lags,
        lag_total=sum(lag.records for lag in state.lags),
        latest=state.latest,
    )


def _card(state: State, outcome: OutcomeTopic) -> _Card:
    # There are many reasons of rejection, so those that never occurred are left out.
    kinds = [
        (kind, state.counts[outcome, kind])
        for kind in (*KINDS[outcome], OTHER)
        if state.counts[outcome, kind] or (outcome != "rejected" and kind != OTHER)
    ]
    if outcome == "rejected":
        kinds.sort(key=lambda entry: -entry[1])
    return _Card(outcome=outcome, words=_WORDS[outcome], total=state.total(outcome), kinds=kinds)
