"""The types of the store: what goes in, and what its queries answer.

Invariants:

- Everything here is frozen, and knows neither SQLite nor Kafka's clients.
- Times are whole milliseconds since the epoch. A time that a page gave itself stays text, because
  it may have no zone.
- A list in an answer is bounded. Where there may be more, the answer says where the next part
  begins.
"""

import dataclasses
from typing import Generic, Literal, TypeVar

from streams.kafka.outcome_topics import OutcomeTopic

T = TypeVar("T")

Measure = Literal["fetch", "arrival"]
"""Where a latency begins: the fetch of the page, or the arrival of its record on `raw-pages`. It
ends when the outcome is written."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a record is in Kafka.

    Attributes:
        topic: the name of its topic.
        topic_id: the id of its topic (KIP-516); empty if it is not known.
        partition: the number of its partition.
        offset: its offset.
    """

    topic: str
    topic_id: str = ""
    partition: int
    offset: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRecord:
    """One record of an outcome topic, without the page's body.

    Attributes:
        place: the record's place on its outcome topic.
        at: when the record was written.
        outcome: what the topic says of the page.
        kind: one of the kinds of the outcome; of a rejected page the reason.
        source: the place of the raw page; None if another program wrote the record without one.
        article: the article's id; rejected pages have none, unless they were taken down.
        url: where the page was fetched; None if that is not known.
        site: the page's site.
        title: the headline.
        lead: how the text begins.
        language: the language of the text.
        words: how many words the text has.
        revision: the number of the published text of its URL, from 1.
        supersedes: the id of the published article that this one replaces.
        similarity: of a duplicate, 0 to 1; of an excerpt the share of the smaller text.
        copy_of: the id of the published article that a duplicate repeats.
        copy_of_url: the URL of that article; None if that article was taken down.
        copy_of_site: its site.
        detail: why the page was rejected, for people.
        fetched: when the page was fetched.
        arrived: when the raw page arrived on its topic; None in records of older versions.
        published_at: when the article was published, as the page says.
        modified_at: when it was last changed, as the page says.
    """

    place: Place
    at: int
    outcome: OutcomeTopic
    kind: str
    source: Place | None = None
    article: str | None = None
    url: str | None = None
    site: str | None = None
    title: str | None = None
    lead: str | None = None
    language: str | None = None
    words: int | None = None
    revision: int | None = None
    supersedes: str | None = None
    similarity: float | None = None
    copy_of: str | None = None
    copy_of_url: str | None = None
    copy_of_site: str | None = None
    detail: str | None = None
    fetched: int | None = None
    arrived: int | None = None
    published_at: str | None = None
    modified_at: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A record that withdraws an article.

    Attributes:
        article: the article's id.
        at: when the record was written.
    """

    article: str
    at: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which outcomes a search is for; a field that is None or empty excludes nothing.

    Attributes:
        words: words and "quoted phrases" that are all in title, lead or URL; `clim*` finds what
            begins with it. Any text is a valid search.
        url: the page's URL, in any spelling that normalises to the same.
        article: the article's id, 32 hexadecimal digits.
        source: the place of the raw page. An empty topic id finds the place in any topic of that
            name.
        site: the page's site.
        outcomes: the outcomes that are wanted.
        kinds: the kinds or reasons that are wanted.
        since: the earliest time.
        until: the time before which the outcome was written.
    """

    words: str | None = None
    url: str | None = None
    article: str | None = None
    source: Place | None = None
    site: str | None = None
    outcomes: frozenset[OutcomeTopic] = frozenset()
    kinds: frozenset[str] = frozenset()
    since: int | None = None
    until: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored outcome, and the key that orders it among all: later outcomes have greater keys."""

    key: int
    record: OutcomeRecord


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[T]):
    """A part of a longer list.

    Attributes:
        items: the entries, the newest first unless the query says otherwise.
        following: where the next part begins; None if there is no more.
    """

    items: tuple[T, ...]
    following: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number of outcomes that was counted up to a bound.

    Attributes:
        number: how many there are, or the bound.
        more: whether there are more than `number`.
    """

    number: int
    more: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KindCount:
    """How many outcomes of one kind there are."""

    outcome: OutcomeTopic
    kind: str
    count: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SiteCount:
    """How many outcomes a site has, by kind."""

    site: str
    count: int
    kinds: tuple[KindCount, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Copying:
    """How many copies one site has of another's articles; recrawls do not count."""

    site: str
    original: str
    count: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site.

    Attributes:
        counts: its outcomes; its first and last one are at `first` and `last`.
        first: when its first stored outcome was written.
        last: when its last stored outcome was written.
        copies: whom it copies, the most copied first.
        copied_by: who copies it, the most frequent first.
    """

    counts: SiteCount
    first: int
    last: int
    copies: tuple[Copying, ...]
    copied_by: tuple[Copying, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A published article and how it spread.

    Attributes:
        article: its id.
        original: its own outcome; None if the store does not have it (any more).
        copies: how many copies of it were found in the time range.
        sites: how many sites these are on.
        hours: (start of the hour, copies) for each hour with copies, in order; a query can ask for
            shorter or longer intervals.
    """

    article: str
    original: Stored | None
    copies: int
    sites: int
    hours: tuple[tuple[int, int], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Latencies in seconds, each within 5 % of the exact value; `count` is how many there were."""

    count: int
    p50: float
    p95: float
    p99: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """What was written in one interval.

    Attributes:
        start: when the interval begins.
        counts: the outcomes, by kind.
        fetch: from fetch to outcome; None if no outcome of the interval has that latency.
        arrival: from arrival to outcome; likewise.
    """

    start: int
    counts: tuple[KindCount, ...]
    fetch: Quantiles | None
    arrival: Quantiles | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much the store holds: outcomes, bytes on disk, and the time of the oldest one."""

    outcomes: int
    size: int
    oldest: int | None
