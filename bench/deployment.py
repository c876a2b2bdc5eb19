"""What a plan is made from: a load, what one record costs, and a deployment of Cleanwire.

Invariant: these are inputs only. Only `Measured` says what a page, an event or a record costs, and
`sizing.py` has every formula over them.

A relay is a chain of shards that every candidate passes. A fact is a decision as a shard keeps it.
A note from the last shard tells another shard what became of its article.
"""

import dataclasses

from cleanwire.similarity.index import MOST_ARTICLES

GIB = 2.0**30


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What comes in.

    Attributes:
        name: of the scenario.
        pages_a_day: pages a day.
        window_days: days in which articles are matched.
        rejected: share of the pages that are rejected, 0 to 1.
        replay_days: days after the window in which decisions are kept.
        duplicates: share of copies among the pages that are not rejected, 0 to 1.
        text_bytes: mean size of an article's text.
        raw_bytes: mean size of a raw page.
        peak: the highest rate, as a multiple of the mean rate.
    """

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
    """Memory of a decision (its outcome by id, and its URL), per page in window and horizon."""

    published_record_bytes: float = 960.0
    """Record of a published article in the changelog, signature included."""

    duplicate_record_bytes: float = 310.0
    """Record of a duplicate in the changelog, and of any decision without its signature."""

    candidate_bytes: float = 9_400.0
    """Record of a candidate or a clean article with a text of `candidate_text_bytes`."""

    candidate_text_bytes: float = 3_700.0
    """Mean text of the measured candidates; a record grows with its text."""

    small_bytes: float = 150.0
    """A note to a shard, a tombstone, or a record without its value."""

    extract_ms: float = 8.0
    """CPU time of cleaning a page, in `extract`."""

    dedupe_ms: float = 0.8
    """CPU time of an event in the shard that decides: Faust, look-up, decision, its records."""

    hop_ms: float = 0.4
    """CPU time of an event in a shard that does not decide, and of a note."""

    variation: float = 0.5
    """Standard deviation of an event's CPU time, divided by its mean."""

    rebuilt_per_second: float = 45_000.0
    """Records a second that a starting shard restores from its changelog."""

    most_articles: float = MOST_ARTICLES
    """Articles that the index of one shard holds at most, however much memory there is."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """How Cleanwire is deployed.

    Attributes:
        shard_memory: bytes of memory of a shard.
        least_shards: the fewest shards of a relay; more than memory needs shorten the recovery.
        relays: how many independent relays there are, each with its part of the articles.
        spread: whether a fact is kept by the shard of its URL, which keeps the article too, instead
            of the last shard. Every decision is then sent to that shard.
        recovery_limit: seconds that a shard may take to come back.
        replication: copies of every topic.
        raw_days: retention of `raw-pages`, in days.
        kept_days: retention of candidates and outcomes, in days.
        hop_days: retention of candidates between the shards of a relay, in days.
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
