"""What a Cleanwire deployment takes: memory, shards, throughput, delays, records, bytes.

Invariant: formulas over `Workload`, `Measured` and `Deployment`, nothing drawn,
nothing read; and what a page, an event or a record costs stands in `Measured` alone.
"""

import dataclasses
import math

from cleanwire.similarity.index import MOST_ARTICLES

DAY = 86_400.0
GIB = 2.0**30
BUCKETS = 30
"""Of the window, which expires bucket by bucket: cleanwire/dedupe/policy.py."""

USABLE = 0.8
"""Share of a shard's memory for what it remembers; the rest is Python's and a table's growth."""

TARGET_LOAD = 0.8
"""What is planned runs at this load at the peak."""

UNCOMPACTED = 2.0
"""Kafka compacts when half of a log is new (`min.cleanable.dirty.ratio`): twice what lives."""

BURST = 7_200.0
"""The peak lasts for so many seconds."""

ALIKE = 0.65
"""Who waits at a shard waits at the next: correlation of the two waits, per load. The analyzer has
none; this is fitted to the simulation, 14 and 27 shards at loads from 0.2 to 0.8. Of two
to five shards the 99th percentile is larger than said from a load of 0.5 on, by up to a fifth."""

NINETY_NINE = 2.3263
"""Standard deviations to the 99th percentile of the normal distribution."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What comes in: `duplicates` is the share of copies among what is not `rejected`."""

    name: str
    pages_a_day: float
    window_days: float
    rejected: float
    replay_days: float = 7.0
    duplicates: float = 0.6
    text_bytes: float = 3_700.0
    raw_bytes: float = 80_000.0
    peak: float = 3.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one page, event or record costs."""

    index_bytes: float = 690.0
    """Memory of the index, per published article in the window."""

    fact_bytes: float = 190.0
    """Memory of a decision (outcome by id, history of the URL), per page in window and horizon."""

    published_record_bytes: float = 960.0
    """Record of a published article in the changelog, signature included."""

    duplicate_record_bytes: float = 310.0
    """Record of a duplicate in the changelog; of any decision, where the signature is elsewhere."""

    candidate_bytes: float = 9_400.0
    """Record of a candidate, as of a clean article, with a text of `candidate_text_bytes`."""

    candidate_text_bytes: float = 3_700.0
    """Mean text of the candidates that were measured; larger texts make larger records."""

    small_bytes: float = 150.0
    """A note to a shard, a tombstone, and what of a record is not its value."""

    extract_ms: float = 8.0
    """CPU of cleaning a page, in `extract`."""

    dedupe_ms: float = 0.8
    """CPU of an event in the shard that decides: Faust, look-up, decision, its records."""

    hop_ms: float = 0.4
    """CPU of an event in a shard of the relay that does not decide, and of a note."""

    variation: float = 0.5
    """Of the CPU of an event: standard deviation over mean."""

    rebuilt_per_second: float = 45_000.0
    """Records a second that a starting shard takes in from its changelog."""

    most_articles: float = MOST_ARTICLES
    """So many articles a shard's index holds, whatever memory there is."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What is there.

    Attributes:
        shard_memory: bytes.
        least_shards: more shards than memory asks for, for a shorter recovery.
        relays: independent relays, each with its part of the articles.
        spread: facts are not with the last shard but with the shard of their URL, which
            remembers the article too; every decision is then told to it.
        recovery_limit: seconds that a shard may take to come back.
        replication: copies of every topic.
        raw_days, kept_days: retention of `raw-pages`, and of candidates and outcomes.
        hop_days: retention of candidates between the shards of a relay.
    """

    shard_memory: float = 16 * GIB
    least_shards: int = 1
    relays: int = 1
    spread: bool = False
    recovery_limit: float = 3_600.0
    replication: int = 3
    raw_days: float = 7.0
    kept_days: float = 8.0
    hop_days: float = 8.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is remembered; of one relay's shards where nothing else is said.

    Attributes:
        shards: of each relay.
        articles, facts: how many live, in all relays.
        shard, last: bytes of an ordinary shard and of the one that decides.
        changelog, changelog_shard: bytes alive in all relays, and of the largest shard.
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
    """What moves; times in seconds, of the busiest shard, transit on the bus not counted.

    Attributes:
        ceiling: candidates a second that all relays together take.
        load_mean, load_peak: share of a core.
        p50, p99: from the first shard's queue to the decision at the peak; infinite over load 1.
        overload: the delay that a peak leaves behind.
        backlog, catch_up: events that wait after a recovery at the mean rate; until none does.
        messages: records a page.
        produced, consumed: bytes a page, replication not counted.
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
    """What it takes: `disk` and `clean_a_day` in bytes, replicated; `used` as shares of a limit."""

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
    """The whole model."""
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
    """What the shards remember, in memory and in their changelogs."""
    articles = load.pages_a_day * (1 - load.rejected)
    clean, bucket = articles * (1 - load.duplicates), load.window_days / BUCKETS
    # A bucket is no longer matched once it begins to leave the window, and is forgotten once all
    # of it has left the horizon.
    matched = load.window_days - bucket / 2
    known = load.window_days + load.replay_days + bucket / 2
    live, facts = clean * matched, articles * known
    index = live * cost.index_bytes / there.relays
    history = facts * cost.fact_bytes / there.relays
    numbered = math.ceil(live / there.relays / cost.most_articles)
    shards = max(there.least_shards, _shards(index, history, there), numbered)
    shard = (index + history * there.spread) / shards
    # Beside the facts, and where these are elsewhere, a signature lives as long as it is matched.
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
    """The articles that a shard would hold if its memory were the only limit."""
    found = memory(load, dataclasses.replace(cost, most_articles=math.inf), there)
    return found.articles / there.relays / found.shards


def _shards(index: float, history: float, there: Deployment) -> int:
    room = USABLE * there.shard_memory
    if there.spread:
        return math.ceil((index + history) / room)
    # Where facts fill most of the last shard, more shards no longer help it.
    helps = index + history <= room or history <= room / 2
    return math.ceil(index / (room - history if helps else room))


def flow(load: Workload, cost: Measured, there: Deployment, kept: Memory) -> Flow:
    """What passes through a relay and over the bus."""
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
    # Raw page and outcome; then of an article its hops, fact, record where it is remembered, notes
    # and tombstones (a note's shard drops its record, unless the note becomes its fact).
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
    # Notes come as fast as articles leave, which is the articles' part of what is served.
    load = rate * services[0]
    leaving = (math.sqrt(load**2 + 4 * note * load) - load) / (2 * note)
    return BURST * max(0.0, rate * services[-1] - 1, load + note * min(load, leaving) - 1)


def candidate_bytes(load: Workload, cost: Measured) -> float:
    """A candidate's record, and a clean article's."""
    return cost.candidate_bytes * load.text_bytes / cost.candidate_text_bytes


def services_of(cost: Measured, shards: int) -> tuple[float, ...]:
    """Seconds that an article costs at each shard."""
    return (cost.hop_ms / 1000,) * (shards - 1) + (cost.dedupe_ms / 1000,)


def delays(
    rate: float, services: tuple[float, ...], note: float, variation: float
) -> tuple[float, float]:
    """Median and 99th percentile of the seconds through queues in a row.

    Each queue is one of the Queueing Network Analyzer (Whitt 1983), the sum a gamma distribution
    (Wilson and Hilferty 1931). `note` is the share of articles that come back to a shard.
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
    """The deployment with what it lacks: facts spread, hops kept a day, relays, shards."""
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
