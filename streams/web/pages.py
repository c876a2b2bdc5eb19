"""The view's HTML.

Invariant: all text that is not a literal of this module is escaped by `_text`.
"""

import datetime as dt
from html import escape

from streams.kafka.outcome_topics import KINDS, OTHER, OutcomeTopic
from streams.web.state import HISTORY_SECONDS, Lag, OutcomeView, State

REFRESH_SECONDS = 5

_WORDS: dict[OutcomeTopic, str] = {
    "clean": "published",
    "duplicate": "copies of published articles",
    "rejected": "no articles, or broken",
}
_HEIGHT = 40
_BAR, _GAP = 8, 2


def overview(state: State, now: float, waiting: dict[str, str], *, live: bool = True) -> str:
    """The overview page, as a whole HTML document.

    Args:
        state: what the view knows of the topics.
        now: seconds since the epoch.
        waiting: what each stage of this worker still waits for, by stage; empty if it is ready.
        live: whether the page reloads itself every `REFRESH_SECONDS`.
    """
    refresh = f"<meta http-equiv='refresh' content='{REFRESH_SECONDS}'>" if live else ""
    # Links are relative, because a proxy may serve the view below a path of its own.
    switch = "<a href='?live=no'>stop updating</a>" if live else "<a href='./'>update by itself</a>"
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Cleanwire</title>"
        f"<meta name='viewport' content='width=device-width,initial-scale=1'>{refresh}"
        "<link rel='stylesheet' href='style.css'></head><body>"
        f"<header><h1>Cleanwire</h1><span class='dim'>{_time(now, date=True)} UTC</span>"
        f"<nav>{switch}<a href='metrics'>metrics</a></nav></header>"
        f"<p class='since dim'>{_counted(state)}</p>{_stale(state)}{_waiting(waiting)}"
        f"<main><div class='cards'>{''.join(_card(state, name) for name in KINDS)}"
        f"{_rate(state, now)}</div>{_lags(state)}{_latest(state)}</main></body></html>"
    )


def _counted(state: State) -> str:
    earlier = f"; {state.read_back:,} of these stood there before" if state.read_back else ""
    return (
        "Outcomes of all workers, counted on the topics since this worker started at "
        f"{_time(state.started, date=True)} UTC{earlier}."
    )


def _stale(state: State) -> str:
    stale = state.stale()
    if stale is None:
        return ""
    if stale.since is None:
        return f"<p class='stale' role='alert'>Kafka has not been read: {_text(stale.why)}.</p>"
    return (
        f"<p class='stale' role='alert'>Kafka cannot be read ({_text(stale.why)}). This "
        f"page is as of {_time(stale.since, date=True)} UTC.</p>"
    )


def _waiting(waiting: dict[str, str]) -> str:
    rows = [f"{_text(stage)}: {_text(why)}" for stage, why in waiting.items() if why]
    return f"<p class='stale' role='status'>Not ready. {'; '.join(rows)}.</p>" if rows else ""


def _card(state: State, outcome: OutcomeTopic) -> str:
    # There are many reasons of rejection, so those that never occurred are left out.
    kinds = [
        (kind, state.counts[outcome, kind])
        for kind in (*KINDS[outcome], OTHER)
        if state.counts[outcome, kind] or (outcome != "rejected" and kind != OTHER)
    ]
    if outcome == "rejected":
        kinds.sort(key=lambda entry: -entry[1])
    rows = "".join(f"<dt>{_text(kind)}</dt><dd>{count:,}</dd>" for kind, count in kinds)
    return (
        f"<section class='card'><h2 class='{outcome}'>{outcome}</h2>"
        f"<b>{state.total(outcome):,}</b><span class='dim'>{_WORDS[outcome]}</span>"
        + (f"<dl>{rows}</dl>" if rows else "")
        + "</section>"
    )


def _rate(state: State, now: float) -> str:
    history = state.history(now)
    top = max(history)
    step = _BAR + _GAP
    bars = "".join(
        f"<rect x='{place * step}' y='{_HEIGHT * (1 - rate / top):.2f}' width='{_BAR}' "
        f"height='{_HEIGHT * rate / top:.2f}'/>"
        for place, rate in enumerate(history)
        if rate
    )
    minutes = HISTORY_SECONDS // 60
    return (
        f"<section class='card'><h2>outcomes per second</h2><b>{state.rate(now):,.1f}</b>"
        "<span class='dim'>over the last minute</span>"
        f"<svg viewBox='0 0 {len(history) * step} {_HEIGHT}' preserveAspectRatio='none' role='img' "
        f"aria-label='outcomes per second, the last {minutes} minutes, highest {top:,.1f}'>"
        f"{bars}</svg><div class='axis dim'><span>{minutes} min</span>"
        f"<span>peak {top:,.1f}/s</span></div></section>"
    )


def _lags(state: State) -> str:
    heads = (("group", ""), ("topic", "topic"), ("partition", "n"), ("records behind", "n"))
    rows = "".join(
        f"<tr><th scope='row'>{_text(lag.group)}</th><td class='topic'>{_text(lag.topic)}</td>"
        f"<td class='n'>{lag.partition}</td><td class='n'>{_behind(lag)}</td></tr>"
        for lag in state.lags
    )
    total = sum(lag.records for lag in state.lags)
    return _table(f"Lag: {total:,} records", "lag", heads, rows)


def _behind(lag: Lag) -> str:
    notes = []
    if lag.records and not lag.committed:
        notes.append("(nothing committed)")
    if lag.held:
        since = "" if lag.since is None else f", open since {_time(lag.since, date=True)} UTC"
        notes.append(f"({lag.held:,} wait for the end of a transaction{since})")
    return " ".join([f"{lag.records:,}", *(f"<span class='dim'>{note}</span>" for note in notes)])


def _latest(state: State) -> str:
    heads = (("time, UTC", ""), ("outcome", ""), ("page", ""))
    return _table("Latest outcomes", "latest", heads, "".join(map(_row, state.latest)))


def _row(seen: OutcomeView) -> str:
    place = [seen.site or "", seen.url if seen.url and seen.url != seen.title else "", seen.detail]
    lines = [" · ".join(_page_text(part) for part in place if part)]
    if seen.copy_of:
        alike = "" if seen.similarity is None else f", similarity {seen.similarity:.0%}"
        lines.append(f"copy of {_page_text(seen.copy_of)}{alike}")
    below = "".join(f"<span class='dim'>{line}</span>" for line in lines if line)
    return (
        f"<tr><td>{_time(seen.at)}</td>"
        f"<td><span class='{seen.outcome}'>{seen.outcome}</span> {_text(seen.kind)}</td>"
        f"<td class='page'>{_page_text(seen.title)}{below}</td></tr>"
    )


def _table(title: str, name: str, heads: tuple[tuple[str, str], ...], rows: str) -> str:
    if not rows:
        return f"<section class='{name}'><h2>{title}</h2><p class='dim'>Nothing yet.</p></section>"
    head = "".join(f"<th scope='col' class='{look}'>{text}</th>" for text, look in heads)
    # A region that scrolls must be reachable from the keyboard, hence its tabindex.
    return (
        f"<section class='{name}'><h2 id='{name}'>{title}</h2>"
        f"<div class='scroll' role='region' aria-labelledby='{name}' tabindex='0'><table>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _page_text(text: str) -> str:
    """Text from a page, isolated so that right-to-left text does not reorder the text around it."""
    return f"<bdi>{_text(text)}</bdi>"


def _text(text: str) -> str:
    return escape("".join(sign if sign.isprintable() else "\ufffd" for sign in text))


def _time(seconds: float, *, date: bool = False) -> str:
    at = dt.datetime.fromtimestamp(seconds, dt.UTC)
    shown = at.strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")
    return f"<time datetime='{at.isoformat(timespec='seconds')}'>{shown}</time>"
