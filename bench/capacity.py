"""The capacity of Cleanwire: a model of a deployment, and a simulation that checks it.

    python bench/capacity.py                                 three scenarios, Markdown on stdout
    python bench/capacity.py --scenario news --duplicate-rate 0.5 --window 14
    python bench/capacity.py --shard-memory 64 --json plan.json

Invariant: every figure of the model (sizing.py) that the simulation (simulation.py) can count too
is compared with it. The exit code is 1 if any two differ by more than a tenth. One figure is shown
but not judged: the 99th percentile of the delay, for which the model has a formula only if all
shards are equally fast. No figure is typed in: each comes from the model or from the simulation.

In both, a relay is a chain of shards that every candidate passes, and a fact is a decision that
the last shard of the chain keeps.
"""

import argparse
import dataclasses
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import simulation
import sizing
from deployment import GIB, Deployment, Measured, Workload
from markdown_tables import table
from sizing import DAY, USABLE, Plan

TOLERANCE = 0.1
P99 = "delay at the peak, p99, ms"
MOST_DUPLICATES = 0.95
DUPLICATES = (0.3, 0.6, 0.9)
WINDOWS = (7.0, 30.0, 90.0)
SPARSER = 341 / 650
"""Memory of an index with a sample half as large, as a share of that of the usual index."""

SCENARIOS = (
    Workload(name="archive", pages_a_day=1e6, window_days=30, rejected=0.2),
    Workload(name="news", pages_a_day=1e7, window_days=90, rejected=0.2),
    Workload(name="crawl", pages_a_day=1e8, window_days=30, rejected=0.4),
)
TITLES = {
    "archive": "A national archive",
    "news": "The world's news",
    "crawl": "A web crawl",
}

Row = tuple[str, float, float]


def main() -> int:
    """Print the tables; returns 1 if model and simulation differ too much."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    names = [load.name for load in SCENARIOS]
    parser.add_argument("--scenario", choices=names, help="one of them only")
    parser.add_argument(
        "--duplicate-rate",
        type=float,
        nargs="+",
        metavar="R",
        help="shares of copies; the first becomes the scenarios' own",
    )
    parser.add_argument(
        "--window",
        type=float,
        nargs="+",
        metavar="D",
        help="days; the first becomes the scenarios' own",
    )
    parser.add_argument(
        "--shard-memory",
        type=float,
        metavar="GIB",
        help="of a shard; the default is 16, of which a shard that is full of articles leaves some",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, as JSON")
    arguments = parser.parse_args()
    shares, windows = arguments.duplicate_rate or [], arguments.window or []
    if not all(0 <= share <= MOST_DUPLICATES for share in shares):
        parser.error(f"--duplicate-rate takes 0 to {MOST_DUPLICATES}")
    given = arguments.shard_memory
    if not all(days >= 1 for days in windows) or (given is not None and not given > 0):
        parser.error("--window takes days from 1 on, --shard-memory GiB over 0")
    cost, there = Measured(), Deployment()
    if given is not None:
        there = dataclasses.replace(there, shard_memory=given * GIB)
    figures: dict[str, Any] = {"measured": dataclasses.asdict(cost)}
    worst = 0.0
    for scenario in SCENARIOS:
        if arguments.scenario not in {None, scenario.name}:
            continue
        load = dataclasses.replace(
            scenario,
            duplicates=shares[0] if shares else scenario.duplicates,
            window_days=windows[0] if windows else scenario.window_days,
        )
        held_by_one = sizing.by_memory(load, cost, there)
        if given is not None and held_by_one > cost.most_articles:
            parser.error(
                f"--shard-memory {given:g}: a shard of {load.name} would hold "
                f"{_count(held_by_one)} articles, and no index holds more than 2^24 "
                f"({cost.most_articles:,} are in use); give "
                f"{math.floor(10 * cost.most_articles * cost.index_bytes / USABLE / GIB) / 10:g} "
                "or less"
            )
        swept = list(_sweep(load, cost, there, shares or DUPLICATES, windows or WINDOWS))
        built = {"as designed": there, "as changed": sizing.changed(load, cost, there)}
        if built["as changed"] == there:
            del built["as changed"]
        plans = {name: sizing.plan(load, cost, what) for name, what in built.items()}
        checks = {name: held(load, cost, what, arguments.seed) for name, what in built.items()}
        worst = max(
            worst, *(_apart(row) for rows in checks.values() for row in rows if row[0] != P99)
        )
        print(_page(load, cost, built, plans, checks, swept))
        figures[load.name] = {
            "workload": dataclasses.asdict(load),
            "deployments": {name: dataclasses.asdict(what) for name, what in built.items()},
            "plans": {name: dataclasses.asdict(what) for name, what in plans.items()},
            "model and simulation": checks,
        }
    if arguments.json:
        arguments.json.write_text(json.dumps(_finite(figures), indent=1) + "\n", "utf-8")
    print(f"\nLargest difference between model and simulation: {100 * worst:.1f} %.")
    return int(worst > TOLERANCE)


def held(load: Workload, cost: Measured, there: Deployment, seed: int) -> list[Row]:
    """The figures of one relay that both know: a name, the model's figure, the simulation's."""
    ours = sizing.plan(load, cost, there)
    kept, moved = ours.memory, ours.flow
    setup = simulation.Setup(
        pages=load.pages_a_day / there.relays,
        rejected=load.rejected,
        duplicates=load.duplicates,
        peak=load.peak,
        window=load.window_days,
        replay=load.replay_days,
        buckets=sizing.BUCKETS,
        services=sizing.services_of(cost, kept.shards),
        variation=cost.variation,
        spread=there.spread,
    )
    seen = simulation.simulate(setup, seed)
    rows = [
        ("articles matched", kept.articles / there.relays, seen.live_articles),
        ("facts", kept.facts / there.relays, seen.live_facts),
        ("share of duplicates", load.duplicates, seen.duplicates),
        ("records a page", moved.messages, seen.messages),
        ("load, mean", moved.load_mean, seen.load_mean),
        ("load, peak", moved.load_peak, seen.load_peak),
    ]
    if moved.load_peak < 1:
        rows += [
            ("delay at the peak, p50, ms", 1000 * moved.p50, 1000 * seen.p50),
            (P99, 1000 * moved.p99, 1000 * seen.p99),
        ]
    elif moved.load_mean < 1:
        rows.append(("delay after the peak, s", moved.overload, seen.longest))
    if moved.load_mean < 1:
        rate = setup.pages * (1 - load.rejected) / DAY
        back = simulation.restart(setup, kept.recovery, rate, seed)
        rows += [
            ("candidates waiting after a restart", moved.backlog, back.backlog),
            ("seconds to catch up", moved.catch_up, back.catch_up),
        ]
    return rows


def _apart(row: Row) -> float:
    _, model, simulated = row
    return abs(simulated - model) / abs(model) if model else abs(simulated)


def _finite(value: Any) -> Any:  # noqa: ANN401 - a JSON value, which has no infinity
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and math.isinf(value) else value


def _sweep(
    load: Workload,
    cost: Measured,
    there: Deployment,
    shares: Sequence[float],
    windows: Sequence[float],
) -> Iterator[tuple[float, float, Plan]]:
    for share in shares:
        for days in windows:
            point = dataclasses.replace(load, duplicates=share, window_days=days)
            yield share, days, sizing.plan(point, cost, there)


def _levers(
    load: Workload, cost: Measured, there: Deployment
) -> Iterator[tuple[str, tuple[Workload, Measured, Deployment]]]:
    spread = dataclasses.replace(there, spread=True)
    yield "as designed", (load, cost, there)
    yield "facts spread by URL", (load, cost, spread)
    yield "two relays", (load, cost, dataclasses.replace(there, relays=2))
    yield "a window of 7 days", (dataclasses.replace(load, window_days=7.0), cost, there)
    sparser = dataclasses.replace(cost, index_bytes=cost.index_bytes * SPARSER)
    yield "half the sample", (load, sparser, there)
    faster = dataclasses.replace(cost, hop_ms=cost.hop_ms / 3, dedupe_ms=cost.dedupe_ms / 3)
    yield "a hop three times as fast", (load, faster, there)
    yield "facts spread and the faster hop", (load, faster, spread)


def _page(  # noqa: PLR0913, PLR0917 - one for each of its tables
    load: Workload,
    cost: Measured,
    built: dict[str, Deployment],
    plans: dict[str, Plan],
    checks: dict[str, list[Row]],
    swept: list[tuple[float, float, Plan]],
) -> str:
    head = (
        f"{_count(load.pages_a_day)} pages a day, a window of {load.window_days:g} days and a "
        f"replay horizon of {load.replay_days:g}, {100 * load.duplicates:.0f} % copies, "
        f"{100 * load.rejected:.0f} % rejected, at the peak {load.peak:g} times the mean."
    )
    levers = [
        [name, *_essence(sizing.plan(*what))]
        for name, what in _levers(load, cost, built["as designed"])
    ]
    sweep = [
        [f"{100 * share:.0f} %", f"{days:g} d", *_essence(found)] for share, days, found in swept
    ]
    parts = [
        f"## {TITLES[load.name]}",
        head,
        table(
            ["", *plans],
            [
                [name, *(show(built[what], found) for what, found in plans.items())]
                for name, show in _FIGURES
            ],
        ),
        "What breaks first: what is used of its limit, and the pages a day that use all of it.",
        table(
            ["", "used", "breaks at"],
            [
                [f"{name}, {what}", f"{used:.2f}", _count(load.pages_a_day / used)]
                for what, found in plans.items()
                for name, used in sorted(found.used.items(), key=lambda item: -item[1])
            ],
        ),
        "One change at a time:",
        table(["", *_ESSENCE], levers),
        "By share of copies and window, as designed:",
        table(["copies", "window", *_ESSENCE], sweep),
        *(
            f"The model and the simulation of one relay, {what}:\n\n"
            + table(
                ["", "model", "simulation", "apart"],
                [
                    [row[0], _figure(row[1]), _figure(row[2]), f"{100 * _apart(row):.1f} %"]
                    for row in rows
                ],
            )
            for what, rows in checks.items()
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _scaled(value: float, units: Sequence[tuple[float, str]]) -> str:
    if math.isinf(value):
        return "no end"
    size, unit = next((item for item in units if value >= item[0]), units[-1])
    return f"{_figure(value / size)} {unit}".rstrip()


def _figure(value: float) -> str:
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 4)}f}"


def _count(value: float) -> str:
    return _scaled(value, ((1e9, "billion"), (1e6, "million"), (1.0, "")))


def _bytes(value: float) -> str:
    return _scaled(value, ((2.0**40, "TiB"), (GIB, "GiB"), (2.0**20, "MiB")))


def _time(value: float) -> str:
    return _scaled(value, ((DAY, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms")))


_ESSENCE = ("shards", "last shard", "recovery", "load at the peak", "breaks first")


def _essence(found: Plan) -> list[str]:
    first = found.breaks_first
    return [
        f"{found.memory.shards:,}",
        _bytes(found.memory.last),
        _time(found.memory.recovery),
        f"{found.flow.load_peak:.2f}",
        f"{first}, {found.used[first]:.1f}",
    ]


_FIGURES: tuple[tuple[str, Callable[[Deployment, Plan], str]], ...] = (
    (
        "pages a second, mean / peak",
        lambda _, p: f"{_figure(p.pages_mean)} / {_figure(p.pages_peak)}",
    ),
    ("cores for `extract`", lambda _, p: f"{p.extract_cores:,}"),
    (
        "relays x shards",
        lambda d, p: f"{d.relays} x {p.memory.shards}" + (", facts spread" if d.spread else ""),
    ),
    ("articles matched", lambda _, p: _count(p.memory.articles)),
    (
        "articles of a shard, of those that its index holds",
        lambda _, p: f"{p.used['articles of a shard']:.2f}",
    ),
    ("facts", lambda _, p: _count(p.memory.facts)),
    (
        "memory of a shard / of the last",
        lambda _, p: f"{_bytes(p.memory.shard)} / {_bytes(p.memory.last)}",
    ),
    (
        "changelog alive, all / largest shard",
        lambda _, p: f"{_bytes(p.memory.changelog)} / {_bytes(p.memory.changelog_shard)}",
    ),
    ("recovery of the largest shard", lambda _, p: _time(p.memory.recovery)),
    (
        "waiting then / time to catch up",
        lambda _, p: f"{_count(p.flow.backlog)} / {_time(p.flow.catch_up)}",
    ),
    ("candidates a second at most", lambda _, p: _count(p.flow.ceiling)),
    (
        "load of the busiest shard, mean / peak",
        lambda _, p: f"{p.flow.load_mean:.2f} / {p.flow.load_peak:.2f}",
    ),
    (
        "delay in the queues at the peak, p50 / p99",
        lambda _, p: f"{_time(p.flow.p50)} / {_time(p.flow.p99)}",
    ),
    (
        "delay after a peak of two hours",
        lambda _, p: _time(p.flow.overload) if p.flow.overload else "none",
    ),
    ("records a page", lambda _, p: _figure(p.flow.messages)),
    (
        "to / from the brokers at the peak, a second",
        lambda _, p: " / ".join(
            _bytes(p.pages_peak * size) for size in (p.flow.produced, p.flow.consumed)
        ),
    ),
    ("disk, replicated, without clean-articles", lambda _, p: _bytes(p.disk)),
    ("clean-articles, replicated, a day", lambda _, p: _bytes(p.clean_a_day)),
)


if __name__ == "__main__":
    sys.exit(main())
