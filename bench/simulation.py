"""A Cleanwire under simulated load, scaled down, to check the capacity model with.

Invariant: the simulation uses no formula of the model. Pages arrive, wait, are matched and expire
one by one, and every figure is counted from them. One seed gives one result.

Time first runs on an even clock, on which pages come at a constant rate: stories begin, and their
copies follow with the delays and in the numbers that `make_corpus.py` uses. Then the clock is bent
so that the rate has a daily cycle and bursts. Bending gives any rate that is wanted and keeps which
page copies which.

Memory is scaled down by leaving out whole stories, so the share of copies stays the same. Queues
are scaled down by leaving out single pages: at true scale so many stories overlap that one story
makes no difference. Service takes longer by the factor by which fewer pages come, so the load stays
the same, and the delays are scaled back by that factor.

A relay is a chain of shards that every candidate passes. The last shard decides; a fact is such a
decision as a shard keeps it. A note from the last shard tells another what became of its article.
"""

import dataclasses

import numpy as np
from numpy.typing import NDArray

DAY = 86_400.0
ARTICLES = 600_000
"""Simulated articles that enter the state and expire, in every scenario."""

QUEUED = 300_000
"""Simulated articles that pass the shards in the measured days."""

MEASURED_DAYS = 14
STEPS_A_DAY = 144
CYCLE = 0.5
"""The daily cycle's greatest deviation from the mean rate, as a share of it, without bursts."""

BURST_STEPS = 12
BURST_DAYS = 0.5
"""The share of days with a burst: the peak rate, for `BURST_STEPS` (two hours)."""

SETTLED = 0.25
"""The share of a burst after which the queues are measured, because they need time to settle."""

TAIL = 1.1
MOST_COPIES = 200
DELAY_LOG_SECONDS = (8.5, 1.3)
PASSES = 3
"""Passes over the queues. Notes follow from the times of decisions, which depend a little on notes;
the third pass changes little."""

RESTART_PAGES = 200_000
NO_NOTE = -1

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One relay and its load.

    Attributes:
        pages: pages a day.
        rejected: share of the pages that never become candidates, 0 to 1.
        duplicates: share of the candidates that are copies, 0 to 1.
        peak: the highest rate, as a multiple of the mean rate.
        window: days in which articles are matched.
        replay: days after the window in which decisions are kept.
        buckets: how many buckets the window has; it expires one bucket at a time.
        services: seconds that an event takes at each shard.
        variation: the standard deviation of these, divided by their mean.
        spread: whether facts are spread over the shards, so that each decision is sent to the
            shard of its article.
    """

    pages: float
    rejected: float
    duplicates: float
    peak: float
    window: float
    replay: float
    buckets: int
    services: tuple[float, ...]
    variation: float
    spread: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted, at true scale.

    Attributes:
        live_articles: how many articles are matched, on average.
        live_facts: how many facts there are, on average.
        duplicates: share of the candidates that are copies.
        messages: records for each page.
        load_mean: mean load of the busiest shard, as a share of a core.
        load_peak: the same in bursts.
        p50: median of the seconds from arrival to decision, in settled bursts.
        p99: their 99th percentile.
        longest: seconds of the longest stay at one shard in a burst, mean over the bursts. It is
            not scaled back: if more events come than leave, the delay does not depend on the scale.
    """

    live_articles: float
    live_facts: float
    duplicates: float
    messages: float
    load_mean: float
    load_peak: float
    p50: float
    p99: float
    longest: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """What the absence of a shard costs.

    Attributes:
        backlog: how many events wait when it is back.
        catch_up: seconds from then until none waits.
    """

    backlog: float
    catch_up: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Articles:
    """One row for each article, in the order of arrival; times are in days.

    Attributes:
        at: when the article arrives.
        published: whether it is published.
        home: the shard that keeps it.
        told: whether the last shard sends a note to that shard.
        unmatched: when it leaves the window.
        forgotten: when its fact expires.
        measured: whether it arrives in the measured days.
    """

    at: Floats
    published: Bools
    home: Ints
    told: Bools
    unmatched: Floats
    forgotten: Floats
    measured: Bools


def simulate(setup: Setup, seed: int) -> Counted:
    """Run the load through the relay, from an empty state until the size of the state is steady."""
    rng = np.random.default_rng(seed)
    width = setup.window / setup.buckets
    warm = int(np.ceil(setup.window + setup.replay + 2 * width))
    days = warm + MEASURED_DAYS
    scale = setup.pages * (1 - setup.rejected) * days / ARTICLES
    bent, bursts = _clock(rng, days, setup.peak)
    seen = _articles(rng, setup, bent, warm)
    published, arrived = seen.published, int(seen.measured.sum())
    rejected = rng.poisson(arrived * setup.rejected / (1 - setup.rejected))
    queued = _queues(rng, setup, seen, bent[warm * STEPS_A_DAY :], bursts[warm * STEPS_A_DAY :])
    checks = np.linspace(warm, days, MEASURED_DAYS * STEPS_A_DAY, endpoint=False)
    return Counted(
        live_articles=scale * _living(seen.at[published], seen.unmatched[published], checks),
        live_facts=scale * _living(seen.at, seen.forgotten, checks),
        duplicates=1 - float(published[seen.measured].mean()),
        messages=(_messages(setup, seen, warm) + 2 * rejected) / (arrived + rejected),
        **queued,
    )


def restart(setup: Setup, away: float, rate: float, seed: int) -> Restarted:
    """Simulate a shard that is away for `away` seconds while `rate` events a second arrive."""
    rng = np.random.default_rng(seed)
    service = max(setup.services)
    lasts = away / (1 - rate * service)
    scale = max(1.0, 2 * lasts * rate / RESTART_PAGES)
    at = np.cumsum(rng.exponential(scale / rate, int(2 * lasts * rate / scale)))
    cost = _costs(rng, service * scale, setup.variation, len(at))
    started = _served(np.maximum(at, away), cost) - cost
    idle = (at > away) & (started <= at)
    back = float(at[np.argmax(idle)]) if idle.any() else float("inf")
    return Restarted(backlog=float((at <= away).sum()) * scale, catch_up=back - away)


def _clock(rng: np.random.Generator, days: int, peak: float) -> tuple[Floats, Bools]:
    """The time on the even clock at each step of the bent one, in days; which steps are bursts."""
    step = np.arange(days * STEPS_A_DAY)
    middle = np.abs(step % STEPS_A_DAY - STEPS_A_DAY // 2 + 0.5) < BURST_STEPS / 2
    drawn = rng.permutation(days) < BURST_DAYS * days
    # The measured days get exactly their share of bursts, so that chance does not decide how much
    # is measured.
    drawn[-MEASURED_DAYS:] = rng.permutation(MEASURED_DAYS) < BURST_DAYS * MEASURED_DAYS
    bursts = middle & np.repeat(drawn, STEPS_A_DAY)
    height = min(CYCLE, (peak - 1) / 2)
    rate = 1 - height * np.cos(2 * np.pi * (step + 0.5) / STEPS_A_DAY)
    rate[~bursts] *= (len(step) - peak * bursts.sum()) / rate[~bursts].sum()
    rate[bursts] = peak
    return np.concatenate(([0.0], np.cumsum(rate))) / STEPS_A_DAY, bursts


def _settled(bursts: Bools) -> Bools:
    settled = bursts.copy()
    for _ in range(int(BURST_STEPS * SETTLED)):
        settled[1:] &= settled[:-1].copy()
    return settled


def _articles(rng: np.random.Generator, setup: Setup, bent: Floats, warm: int) -> _Articles:
    days = warm + MEASURED_DAYS
    stories = rng.poisson(ARTICLES * (1 - setup.duplicates))
    births = rng.uniform(0, days, stories)
    sizes = 1 + _copies(rng, stories, setup.duplicates / (1 - setup.duplicates))
    story = np.repeat(np.arange(stories), sizes)
    delay = rng.lognormal(*DELAY_LOG_SECONDS, len(story)) / DAY
    delay[np.cumsum(sizes) - sizes] = 0.0
    even = births[story] + delay
    order = np.argsort(even, kind="stable")
    order = order[: np.searchsorted(even[order], days)]
    at = np.interp(even[order], bent, np.arange(len(bent)) / STEPS_A_DAY)
    width = setup.window / setup.buckets
    unmatched = np.floor(at / width) * width + setup.window
    published = _published(at, story[order], unmatched)
    home = rng.integers(len(setup.services), size=len(at))
    return _Articles(
        at=at,
        published=published,
        home=home,
        told=(home != len(setup.services) - 1) & (~published | setup.spread),
        unmatched=unmatched,
        forgotten=unmatched + width + setup.replay,
        measured=at >= warm,
    )


def _queues(
    rng: np.random.Generator, setup: Setup, seen: _Articles, bent: Floats, bursts: Bools
) -> dict[str, float]:
    """Loads and delays of pages like the measured ones, through all shards."""
    scale = setup.pages * (1 - setup.rejected) * MEASURED_DAYS / QUEUED
    days = np.arange(len(bent)) / STEPS_A_DAY
    count = rng.poisson(QUEUED * (bent[-1] - bent[0]) / MEASURED_DAYS)
    day = np.interp(np.sort(rng.uniform(bent[0], bent[-1], count)), bent, days)
    like = rng.choice(np.flatnonzero(seen.measured), count)
    told = np.where(seen.told, seen.home, NO_NOTE)[like]
    at = day * DAY
    costs = int(rng.integers(2**32))
    done, busy = _relay(at, np.array(setup.services) * scale, told, setup.variation, costs)
    step = np.minimum((day * STEPS_A_DAY).astype(np.int64), len(bursts) - 1)
    burst, settled = bursts[step], _settled(bursts)[step]
    p50, p99 = np.quantile(done[-1][settled] - at[settled], (0.5, 0.99)) / scale
    stays = np.diff(np.vstack((at, *done)), axis=0)
    ends = np.unique(day[burst].astype(np.int64))
    longest = [stays[:, day.astype(np.int64) == end].max(axis=1) for end in ends]
    seconds = MEASURED_DAYS * DAY
    return {
        "load_mean": max(float(cost.sum()) for cost in busy) / seconds,
        "load_peak": max(float(cost[burst].sum()) for cost in busy) / (seconds * bursts.mean()),
        "p50": float(p50),
        "p99": float(p99),
        "longest": float(np.mean(longest, axis=0).max()),
    }


def _copies(rng: np.random.Generator, stories: int, mean: float) -> Ints:
    """Numbers of copies: Pareto-distributed, rounded down, scaled to the mean that is wanted."""
    ranks = np.arange(1, MOST_COPIES + 1)
    low, high = 0.0, float(MOST_COPIES)
    for _ in range(60):
        middle = (low + high) / 2
        found = np.minimum(1.0, (middle / ranks) ** TAIL).sum()
        low, high = (middle, high) if found < mean else (low, middle)
    drawn = np.floor(low * (1 + rng.pareto(TAIL, stories)))
    return np.minimum(drawn, MOST_COPIES).astype(np.int64)


def _published(at: Floats, story: Ints, unmatched: Floats) -> Bools:
    """Which articles are published.

    The first article of a story is published. Its copies are not while the first one is matched;
    the next one after that is.
    """
    published = np.zeros(len(at), np.bool_)
    until = np.full(int(story.max()) + 1, -np.inf)
    pending = np.arange(len(at))
    while len(pending):
        _, first = np.unique(story[pending], return_index=True)
        new = pending[first]
        published[new] = True
        until[story[new]] = unmatched[new]
        pending = pending[at[pending] >= until[story[pending]]]
    return published


def _living(births: Floats, ends: Floats, checks: Floats) -> float:
    born = np.searchsorted(np.sort(births), checks, side="right")
    gone = np.searchsorted(np.sort(ends), checks, side="right")
    return float((born - gone).mean())


def _messages(setup: Setup, seen: _Articles, warm: int) -> int:
    """How many records are sent for articles in the measured days.

    They are raw pages, outcomes, hops through the relay, notes, facts and tombstones.
    """
    shards = len(setup.services)
    away = seen.home != shards - 1
    arrived = int(seen.measured.sum())
    sent = arrived * (2 + shards + 1) + _ended(seen.forgotten, warm)
    # A shard that is not the last writes the article to its changelog before it is decided.
    sent += int((seen.measured & away).sum()) + int((seen.measured & seen.told).sum())
    if not setup.spread:
        sent += int((seen.measured & seen.told).sum())
        sent += _ended(seen.unmatched[seen.published & away], warm)
    return sent


def _ended(ends: Floats, warm: int) -> int:
    return int(((ends >= warm) & (ends < warm + MEASURED_DAYS)).sum())


def _relay(
    at: Floats, services: Floats, told: Ints, variation: float, seed: int
) -> tuple[list[Floats], list[Floats]]:
    """For each shard: when each article leaves it, and what it costs there, including its note."""
    done: list[Floats] = []
    busy: list[Floats] = []
    for _ in range(PASSES):
        decided = done[-1] if done else None
        done, busy, moment = [], [], at
        for shard, service in enumerate(services):
            # Each pass draws the same costs.
            rng = np.random.default_rng((seed, shard))
            cost = _costs(rng, service, variation, len(at))
            noted = told == shard
            spent = _costs(rng, service, variation, int(noted.sum()))
            notes = decided[noted] if decided is not None else np.empty(0)
            moment = _queue(moment, cost, notes, spent[: len(notes)])
            cost[noted] += spent
            busy.append(cost)
            done.append(moment)
    return done, busy


def _queue(at: Floats, cost: Floats, notes: Floats, spent: Floats) -> Floats:
    """When a shard is done with each article, if notes arrive in between."""
    if not len(notes):
        return _served(at, cost)
    arrivals = np.concatenate((at, notes))
    order = np.argsort(arrivals, kind="stable")
    done = np.empty(len(arrivals))
    done[order] = _served(arrivals[order], np.concatenate((cost, spent))[order])
    return done[: len(at)]


def _served(at: Floats, cost: Floats) -> Floats:
    """When each event is done, first come first served (Lindley's recursion)."""
    total = np.cumsum(cost)
    return total + np.maximum.accumulate(at - (total - cost))


def _costs(rng: np.random.Generator, mean: float, variation: float, count: int) -> Floats:
    return rng.gamma(variation**-2, mean * variation**2, count)
