"""What a Cleanwire deployment needs: memory, shards, throughput, delays, records, bytes.

Invariant: everything is a formula over `Workload`, `Measured` and `Deployment` (`deployment.py`).
Nothing is drawn at random and nothing is read from elsewhere.
"""

import dataclasses
import math

from deployment import Deployment, Measured, Workload

DAY = 86_400.0
BUCKETS = 30
"""Buckets of the window, which expires one bucket at a time: cleanwire/dedupe/policy.py."""

USABLE = 0.8
"""Share of a shard's memory for its state; Python and growing tables need the rest."""

TARGET_LOAD = 0.8
"""The load at the peak that a plan is made for, as a share of a core."""

UNCOMPACTED = 2.0
"""Size of a compacted log, in sizes of its live records: Kafka compacts a log when half of it is
new (`min.cleanable.dirty.ratio`)."""

BURST = 7_200.0
"""Seconds that the peak lasts."""

ALIKE = 0.65
"""Correlation of the waits at two shards in a row, divided by the load: an event that waits at one
shard tends to wait at the next. The Queueing Network Analyzer has no such term. The value is fitted
to the simulation with 14 and 27 shards, at loads from 0.2 to 0.8. With two to five shards and a
load of 0.5 or more, the real 99th percentile is up to a fifth larger than this model's."""

NINETY_NINE = 2.3263
"""The 99th percentile of the normal distribution, in standard deviations."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The size of the state.

    Attributes:
        shards: how many shards each relay has.
        articles: how many articles are matched, in all relays.
        facts: how many facts there are, in all relays.
        shard: bytes of memory of an ordinary shard.
        last: bytes of memory of the shard that decides.
        changelog: bytes of live records in the changelogs of all relays.
        changelog_shard: bytes of live records of the largest shard.
        recovery: seconds until the largest shard has read its changelog.
    """

    shards: int
    articles: float
    facts: float
    shard: float
    last: float
    changelog: float
    changelog_shard: float
    recovery: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Rates, loads and delays; times are in seconds and leave out the way through Kafka.

    Attributes:
        ceiling: candidates a second that all relays together can take.
        load_mean: mean load of the busiest shard, as a share of a core.
        load_peak: its load at the peak.
        p50: median time from the first shard's queue to the decision at the peak; infinite if a
            shard has a load of 1 or more.
        p99: the 99th percentile of that time.
        overload: the delay that a peak leaves behind.
        backlog: how many events wait after a recovery, at the mean rate.
        catch_up: the time from then until none waits.
        messages: records for each page.
        produced: bytes for each page, sent to the brokers, without replication.
        consumed: bytes for each page, read from the brokers.
    """

    ceiling: float
    load_mean: float
    load_peak: float
    p50: float
    p99: float
    overload: float
    backlog: float
    catch_up: float
    messages: float
    produced: float
    consumed: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a deployment needs.

    Attributes:
        pages_mean: pages a second, on average.
        pages_peak: pages a second at the peak.
        extract_cores: cores for `extract`.
        memory: the size of the state.
        flow: rates, loads and delays.
        disk: bytes on all brokers, replicated, without `clean-articles`.
        clean_a_day: bytes that `clean-articles` grows by in a day, replicated.
        used: how much of each limit is used; 1 is all of it.
    """

    pages_mean: float
    pages_peak: float
    extract_cores: int
    memory: Memory
    flow: Flow
    disk: float
    clean_a_day: float
    used: dict[str, float]

    @property
    def breaks_first(self) -> str:
        """The resource of which the largest share is used."""
        return max(self.used, key=lambda name: self.used[name])


def plan(load: Workload, cost: Measured, there: Deployment) -> Plan:
    """Work out what a load needs on a deployment."""
    kept, pages = memory(load, cost, there), load.pages_a_day / DAY
    moved = flow(load, cost, there, kept)
    accepted, text = 1 - load.rejected, candidate_bytes(load, cost)
    retained = load.raw_bytes * (there.raw_days + load.rejected * there.kept_days)
    retained += accepted * text * (there.kept_days + (kept.shards - 1) * there.hop_days)
    retained += accepted * load.duplicates * cost.duplicate_record_bytes * there.kept_days
    what = "the shard" if kept.shards == 1 else "a shard" if there.spread else "the last shard"
    return Plan(
        pages_mean=pages,
        pages_peak=pages * load.peak,
        extract_cores=math.ceil(pages * load.peak * cost.extract_ms / 1000 / TARGET_LOAD),
        memory=kept,
        flow=moved,
        disk=(retained * load.pages_a_day + UNCOMPACTED * kept.changelog) * there.replication,
        clean_a_day=load.pages_a_day * accepted * (1 - load.duplicates) * text * there.replication,
        used={
            "throughput" if kept.shards == 1 else "throughput of a relay": moved.load_peak,
            f"memory of {what}": kept.last / (USABLE * there.shard_memory),
            "articles of a shard": kept.articles / there.relays / kept.shards / cost.most_articles,
            f"recovery of {what}": kept.recovery / there.recovery_limit,
        },
    )


def memory(load: Workload, cost: Measured, there: Deployment) -> Memory:
    """Work out the size of the state, in memory and in the changelogs."""
    articles = load.pages_a_day * (1 - load.rejected)
    clean, bucket = articles * (1 - load.duplicates), load.window_days / BUCKETS
    # A bucket is no longer matched once its first part has left the window. Its decisions expire
    # once all of it has left the horizon.
    matched = load.window_days - bucket / 2
    known = load.window_days + load.replay_days + bucket / 2
    live, facts = clean * matched, articles * known
    index = live * cost.index_bytes / there.relays
    history = facts * cost.fact_bytes / there.relays
    numbered = math.ceil(live / there.relays / cost.most_articles)
    shards = max(there.least_shards, _shards(index, history, there), numbered)
    shard = (index + history * there.spread) / shards
    # A record that also holds the fact keeps the signature for as long as the fact. A record of the
    # signature alone lives as long as the article is matched.
    alone = shards == 1 or there.spread
    signatures = clean * known if alone else live
    signature = cost.published_record_bytes - (cost.duplicate_record_bytes if alone else 0)
    changelog = signatures * signature + facts * cost.duplicate_record_bytes
    part = signatures * signature / shards
    part += facts * cost.duplicate_record_bytes / (shards if there.spread else 1)
    records = facts / (shards if there.spread else 1)
    return Memory(
        shards=shards,
        articles=live,
        facts=facts,
        shard=shard,
        last=shard + history * (not there.spread),
        changelog=changelog,
        changelog_shard=part / there.relays,
        recovery=UNCOMPACTED * records / there.relays / cost.rebuilt_per_second,
    )


def by_memory(load: Workload, cost: Measured, there: Deployment) -> float:
    """How many articles a shard would hold if its memory were the only limit."""
    found = memory(load, dataclasses.replace(cost, most_articles=math.inf), there)
    return found.articles / there.relays / found.shards


def _shards(index: float, history: float, there: Deployment) -> int:
    room = USABLE * there.shard_memory
    if there.spread:
        return math.ceil((index + history) / room)
    # If facts fill most of the last shard, more shards no longer help it.
    helps = index + history <= room or history <= room / 2
    return math.ceil(index / (room - history if helps else room))


def flow(load: Workload, cost: Measured, there: Deployment, kept: Memory) -> Flow:
    """Work out rates, loads and delays of a relay, and the records and bytes on Kafka."""
    shards, accepted = kept.shards, 1 - load.rejected
    rate = load.pages_a_day * accepted / DAY / there.relays
    services = services_of(cost, shards)
    away = (shards - 1) / shards
    told = away * (1.0 if there.spread else load.duplicates)
    note = told / (shards - 1) if shards > 1 else 0.0
    busiest = max(*(service * (1 + note) for service in services[:-1]), services[-1], 0.0)
    p50, p99 = delays(rate * load.peak, services, note, cost.variation)
    backlog = rate * kept.recovery
    loss = 1 - rate * max(services)
    text = candidate_bytes(load, cost)
    # Every page has a raw record and an outcome. An article also has its hops, its fact, its record
    # at its own shard, notes and tombstones: the shard of a note deletes its record, unless the
    # note becomes its fact.
    records = shards + 1 + away + told + 1 + (0.0 if there.spread else away)
    outcome = (1 - load.duplicates) * text + load.duplicates * cost.duplicate_record_bytes
    facts = cost.duplicate_record_bytes + cost.published_record_bytes
    produced = shards * text + outcome + facts + (told + 2) * cost.small_bytes
    return Flow(
        ceiling=there.relays / busiest,
        load_mean=rate * busiest,
        load_peak=rate * load.peak * busiest,
        p50=p50,
        p99=p99,
        overload=_overload(rate * load.peak, services, note),
        backlog=backlog,
        catch_up=backlog * max(services) / loss if loss > 0 else math.inf,
        messages=2 + accepted * records,
        produced=load.raw_bytes * (1 + load.rejected) + accepted * produced,
        consumed=load.raw_bytes + accepted * (shards * text + told * cost.small_bytes),
    )


def _overload(rate: float, services: tuple[float, ...], note: float) -> float:
    if note == 0:
        return BURST * max(0.0, rate * max(services) - 1)
    # Notes arrive as fast as articles leave, which is the articles' share of what is served.
    load = rate * services[0]
    leaving = (math.sqrt(load**2 + 4 * note * load) - load) / (2 * note)
    return BURST * max(0.0, rate * services[-1] - 1, load + note * min(load, leaving) - 1)


def candidate_bytes(load: Workload, cost: Measured) -> float:
    """Bytes of the record of a candidate or a clean article."""
    return cost.candidate_bytes * load.text_bytes / cost.candidate_text_bytes


def services_of(cost: Measured, shards: int) -> tuple[float, ...]:
    """Seconds that an article costs at each shard."""
    return (cost.hop_ms / 1000,) * (shards - 1) + (cost.dedupe_ms / 1000,)


def delays(
    rate: float, services: tuple[float, ...], note: float, variation: float
) -> tuple[float, float]:
    """The median and the 99th percentile of the seconds through queues in a row.

    Each queue follows the Queueing Network Analyzer (Whitt 1983). Their sum is taken for a gamma
    distribution, with the quantiles of Wilson and Hilferty (1931).

    Args:
        rate: events a second.
        services: seconds that an event takes at each shard.
        note: notes that come to a shard for each article.
        variation: standard deviation of the times in `services`, divided by their mean.

    Returns:
        Both are infinite if a shard has a load of 1 or more.
    """
    mean = variance = before = 0.0
    arrivals = 1.0
    for place, service in enumerate(services, 1):
        load = rate * service * (1 + note * (place < len(services)))
        if load >= 1:
            return math.inf, math.inf
        wait = load / (1 - load) * (arrivals + variation**2) / 2 * service
        mean += service + wait
        spread = wait * math.sqrt(2 / load - 1)
        before *= ALIKE * load
        variance += (service * variation) ** 2 + spread**2 + 2 * spread * before
        before += spread
        arrivals += load**2 * (variation**2 - arrivals)
    shape = mean**2 / variance
    quantiles = (
        mean * (1 - 1 / (9 * shape) + normal / (3 * math.sqrt(shape))) ** 3
        for normal in (0.0, NINETY_NINE)
    )
    return next(quantiles), next(quantiles)


def changed(load: Workload, cost: Measured, there: Deployment) -> Deployment:
    """The deployment, changed until it can take the load.

    Facts are spread and hops are kept for a day only, relays are added, and shards are added, each
    only if it is needed.
    """
    _, remembered, _, recovered = plan(load, cost, there).used.values()
    if max(remembered, recovered) > 1:
        there = dataclasses.replace(there, spread=True, hop_days=1.0)
    peak = plan(load, cost, there).flow.load_peak
    if peak > TARGET_LOAD:
        there = dataclasses.replace(there, relays=math.ceil(peak * there.relays / TARGET_LOAD))
    then = plan(load, cost, there)
    late = then.memory.recovery / there.recovery_limit
    if late > 1:
        there = dataclasses.replace(there, least_shards=math.ceil(then.memory.shards * late))
    return there
