"""The view's HTML.

The rule here: everything that is not a literal of this module goes through `escape`.
"""

import datetime as dt
from html import escape

from streams.web.state import Lag, State

STYLE = """
:root{color-scheme:light dark;--bg:#fbfbf9;--fg:#1d1f21;--dim:#62676d;--line:#dcdcd6;--card:#fff;
--clean:#1a7f4b;--duplicate:#9a6700;--rejected:#b3261e}
@media(prefers-color-scheme:dark){:root{--bg:#141618;--fg:#e6e6e3;--dim:#9aa0a6;--line:#32363a;
--card:#1c1f22;--clean:#5bd08f;--duplicate:#e3b341;--rejected:#ff8a80}}
*{box-sizing:border-box}body{margin:0 auto;max-width:72rem;padding:1.2rem;background:var(--bg);
color:var(--fg);font:15px/1.45 system-ui,sans-serif}h1{font-size:1.3rem;margin:0}
h2{font-size:1rem;margin:1.6rem 0 .5rem}header{display:flex;gap:1rem;align-items:baseline;
flex-wrap:wrap}.dim{color:var(--dim)}.cards{display:grid;gap:.8rem;
grid-template-columns:repeat(auto-fit,minmax(14rem,1fr));margin-top:1rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem}
.card b{display:block;font-size:1.9rem;line-height:1.2;font-variant-numeric:tabular-nums}
.card dl{display:grid;grid-template-columns:1fr auto;gap:0 .8rem;margin:.4rem 0 0}
.card dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}
.clean{color:var(--clean)}.duplicate{color:var(--duplicate)}.rejected{color:var(--rejected)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);
vertical-align:top}th{font-weight:600;color:var(--dim)}td.n{text-align:right;
font-variant-numeric:tabular-nums}td.long{overflow-wrap:anywhere;min-width:12rem}
svg{width:100%;height:3rem;display:block}svg rect{fill:var(--clean)}
.fault{border:1px solid var(--rejected);border-radius:.5rem;padding:.5rem 1rem;margin-top:1rem}
"""

_WORDS = {
    "clean": "published",
    "duplicate": "copies of published articles",
    "rejected": "no articles, or broken",
}


def overview(state: State, now: float, read_back: int) -> str:
    """The overview page.

    Args:
        state: what is known.
        now: seconds since the epoch.
        read_back: how many records a partition the counts began with.
    """
    fault = (
        f"<p class='fault' role='alert'>The bus cannot be read ({escape(state.fault)}); "
        "what stands here is old.</p>"
        if state.fault
        else ""
    )
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Cleanwire</title>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        "<meta http-equiv='refresh' content='2'><link rel='stylesheet' href='/style.css'></head>"
        f"<body><header><h1>Cleanwire</h1><span class='dim'>{_time(now)} UTC, counted since this "
        f"worker started, with at most {read_back:,} earlier records a partition</span></header>"
        f"{fault}<div class='cards'>{''.join(_card(state, name) for name in _WORDS)}"
        f"{_rates(state, now)}</div>{_lags(state)}{_latest(state)}"
        "<p class='dim'><a href='/metrics'>metrics</a> <a href='/healthz'>healthz</a> "
        "<a href='/readyz'>readyz</a></p></body></html>"
    )


def _card(state: State, outcome: str) -> str:
    kinds = sorted(
        ((count, kind) for (name, kind), count in state.counts.items() if name == outcome),
        reverse=True,
    )
    rows = "".join(f"<dt>{escape(kind)}</dt><dd>{count:,}</dd>" for count, kind in kinds)
    return (
        f"<section class='card'><span class='{outcome}'>{outcome}</span>"
        f"<b>{state.total(outcome):,}</b><span class='dim'>{_WORDS[outcome]}</span>"
        f"<dl>{rows}</dl></section>"
    )


def _rates(state: State, now: float) -> str:
    minutes = state.per_minute(now)
    top = max(*minutes, 1)
    bars = "".join(
        f"<rect x='{at * 10}' y='{40 - 40 * count / top:.1f}' width='8' "
        f"height='{40 * count / top:.1f}'/>"
        for at, count in enumerate(minutes)
    )
    return (
        f"<section class='card'><span>pages per second</span><b>{state.rate(now):.1f}</b>"
        f"<span class='dim'>by minute, the last {len(minutes)}; highest {max(minutes):,}</span>"
        f"<svg viewBox='0 0 {len(minutes) * 10} 40' preserveAspectRatio='none' role='img' "
        f"aria-label='pages by minute'>{bars}</svg></section>"
    )


def _lags(state: State) -> str:
    rows = "".join(
        f"<tr><td>{escape(lag.group)}</td><td>{escape(lag.topic)}</td>"
        f"<td class='n'>{lag.partition}</td><td class='n'>{_behind(lag)}</td></tr>"
        for lag in state.lags
    )
    return _table("Lag", ("group", "topic", "partition", "records behind"), rows)


def _behind(lag: Lag) -> str:
    return "nothing committed" if lag.records is None else f"{lag.records:,}"


def _latest(state: State) -> str:
    rows = "".join(
        f"<tr><td>{_time(seen.at)}</td>"
        f"<td class='{escape(seen.outcome)}'>{escape(seen.outcome)}</td>"
        f"<td>{escape(seen.kind)}</td><td class='long'>{escape(seen.name)}</td>"
        f"<td class='long dim'>{escape(seen.detail)}</td></tr>"
        for seen in state.latest
    )
    return _table("Latest outcomes", ("time", "outcome", "kind", "page", "detail"), rows)


def _table(title: str, heads: tuple[str, ...], rows: str) -> str:
    if not rows:
        return f"<h2>{title}</h2><p class='dim'>nothing yet</p>"
    head = "".join(f"<th scope='col'>{name}</th>" for name in heads)
    return (
        f"<h2>{title}</h2><div class='scroll'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%H:%M:%S")
