"""Matches and the URL's own history -> published, or a duplicate of which kind.

What must always hold here:

- A decision is a function of the candidate and of the facts (`Decided`) before it in the
  order of `candidates`. Facts are never changed once made: a redelivered candidate finds
  its own fact and repeats its outcome, and a late copy of a fact changes nothing.
- A duplicate names a published article that is earlier in that order; among several of
  the strongest kind the earliest.
- Only published articles are looked up.

Event time moves on a watermark, the latest event time seen. A fact lives in the bucket of
its event time; one that is later than the window (out of order) lives in the oldest bucket
still open, so that copies of a late page are recognised too. Published articles are matched
for the window, and facts are kept for the window and the replay horizon.
"""

import dataclasses
import itertools
from typing import Literal

from cleanwire.events import DuplicateKind
from cleanwire.index import Index, Match, Thresholds
from cleanwire.minhash import Signature

DAY = 86_400.0
BUCKETS = 30
"""The window is cut into so many buckets of event time; expiry goes bucket by bucket."""

HISTORY = 16
"""At most so many fetches are remembered per URL; the oldest make room."""

FORGOTTEN_A_PAGE = 16
"""At most so many facts are forgotten with one page, so that no page waits for a whole day's."""

FULLER = 3.0
"""A text at least so many times longer than the published one that it holds is no excerpt
of it but the full story after its teaser: it is published."""

Outcome = Literal["clean"] | DuplicateKind

_STRENGTH = {"exact": 0, "near": 1, "excerpt": 2}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """For how long what is remembered, in seconds of event time."""

    length: float = 30 * DAY
    replay: float = 7 * DAY


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What deciding needs to know of an article.

    `url_key` is the normalised URL; `fetched` and `event_time` are seconds since the epoch,
    the latter capped at the time the bus took the page in; `order` is the place in the
    order of all candidates.
    """

    id: str
    url: str
    url_key: str
    signature: Signature
    fetched: float
    event_time: float
    order: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The fact of one decision; `signature` only of a published article."""

    id: str
    url: str
    url_key: str
    digest: bytes
    fetched: float
    event_time: float
    bucket: int
    order: int
    outcome: Outcome
    revision: int = 1
    supersedes: str | None = None
    duplicate_of: str | None = None
    duplicate_of_url: str | None = None
    similarity: float = 1.0
    signature: Signature | None = None


class Memory:
    """All facts of one shard, and what follows from them."""

    def __init__(
        self, *, window: Window | None = None, thresholds: Thresholds | None = None
    ) -> None:
        self._window = window or Window()
        self._width = self._window.length / BUCKETS
        self._index = Index(thresholds)
        self._facts: dict[str, Decided] = {}
        self._history: dict[str, list[str]] = {}
        self._buckets: dict[int, set[str]] = {}
        self._unmatched_below: int | None = None
        self._watermark: float | None = None

    def __len__(self) -> int:
        return len(self._facts)

    @property
    def articles(self) -> int:
        """The number of published articles that later pages are matched against."""
        return len(self._index)

    @property
    def watermark(self) -> float | None:
        """The latest event time seen, in seconds since the epoch."""
        return self._watermark

    def decide(self, candidate: Candidate) -> Decided:
        """The outcome of a candidate; nothing is remembered before `remember`."""
        known = self._facts.get(candidate.id)
        if known is not None:
            return known
        return self._from_history(candidate) or self._from_index(candidate)

    def remember(self, fact: Decided) -> None:
        """Take a fact in; one that is known already changes nothing."""
        if fact.id in self._facts:
            return
        self._facts[fact.id] = fact
        self._history.setdefault(fact.url_key, []).append(fact.id)
        self._buckets.setdefault(fact.bucket, set()).add(fact.id)
        expired = self._unmatched_below is not None and fact.bucket < self._unmatched_below
        if fact.signature is not None and not expired:
            self._index.add(fact.id, fact.signature)
        if self._watermark is None or fact.event_time > self._watermark:
            self._watermark = fact.event_time

    def forget(self, article: str) -> None:
        """Drop the fact of an id, if it is known."""
        fact = self._facts.pop(article, None)
        if fact is None:
            return
        self._index.discard(article)
        history = self._history[fact.url_key]
        history.remove(article)
        if not history:
            del self._history[fact.url_key]
        bucket = self._buckets[fact.bucket]
        bucket.discard(article)
        if not bucket:
            del self._buckets[fact.bucket]

    def expire(self) -> list[str]:
        """Stop matching what left the window; return ids whose facts are to be forgotten.

        Costs O(expired). What is due depends on the watermark alone; at most `FORGOTTEN_A_PAGE`
        ids are returned, the oldest first, and the rest the next time.
        """
        if self._watermark is None:
            return []
        open_from = self._oldest_open(self._watermark)
        if self._unmatched_below is None or open_from > self._unmatched_below:
            for bucket in self._due(open_from, since=self._unmatched_below):
                for article in self._buckets[bucket]:
                    self._index.discard(article)
            self._unmatched_below = open_from
        horizon = self._watermark - self._window.length - self._window.replay
        due = (
            article
            for bucket in self._due(int(horizon // self._width))
            for article in sorted(self._buckets[bucket])
        )
        return list(itertools.islice(due, FORGOTTEN_A_PAGE))

    def overflow(self, url_key: str) -> list[str]:
        """The ids of a URL's oldest fetches beyond the bound of its history."""
        history = self._history.get(url_key, ())
        if len(history) <= HISTORY:
            return []
        oldest = sorted(history, key=lambda article: self._facts[article].order)
        return oldest[: len(history) - HISTORY]

    def _due(self, before: int, *, since: int | None = None) -> list[int]:
        return sorted(
            bucket
            for bucket in self._buckets
            if bucket < before and (since is None or bucket >= since)
        )

    def _oldest_open(self, watermark: float) -> int:
        return int((watermark - self._window.length) // self._width) + 1

    def _from_history(self, candidate: Candidate) -> Decided | None:
        earlier = [
            fact
            for fact in map(self._facts.__getitem__, self._history.get(candidate.url_key, ()))
            if fact.order < candidate.order
        ]
        if not earlier:
            return None
        earlier.sort(key=lambda fact: fact.order)
        for fact in earlier:
            if fact.digest == candidate.signature.digest:
                return self._recrawl(candidate, fact, fact.similarity)
        published = [fact for fact in earlier if fact.outcome == "clean"]
        if not published:
            return None
        newest = max(published, key=lambda fact: (fact.fetched, fact.order))
        if candidate.fetched >= newest.fetched:
            revision = max(fact.revision for fact in published) + 1
            return self._published(candidate, revision=revision, supersedes=newest.id)
        for fact in published:
            match = self._index.match(fact.id, candidate.signature)
            if match is not None:
                return self._recrawl(candidate, fact, match.similarity)
        return None

    def _recrawl(self, candidate: Candidate, fact: Decided, similarity: float) -> Decided:
        named, url = fact.duplicate_of or fact.id, fact.duplicate_of_url or fact.url
        return self._duplicate(candidate, "recrawl", named, url, similarity)

    def _from_index(self, candidate: Candidate) -> Decided:
        best: tuple[int, int] | None = None
        chosen: Match | None = None
        for match in self._index.matches(candidate.signature):
            fact = self._facts[match.id]
            if fact.order >= candidate.order or fact.url_key == candidate.url_key:
                continue
            if match.kind == "excerpt" and _is_fuller(candidate.signature, fact.signature):
                continue
            rank = (_STRENGTH[match.kind], fact.order)
            if best is None or rank < best:
                best, chosen = rank, match
        if chosen is None:
            return self._published(candidate)
        url = self._facts[chosen.id].url
        return self._duplicate(candidate, chosen.kind, chosen.id, url, chosen.similarity)

    def _published(
        self, candidate: Candidate, *, revision: int = 1, supersedes: str | None = None
    ) -> Decided:
        fact = self._decided(candidate, "clean")
        return dataclasses.replace(
            fact, revision=revision, supersedes=supersedes, signature=candidate.signature
        )

    def _duplicate(
        self, candidate: Candidate, kind: DuplicateKind, named: str, url: str, similarity: float
    ) -> Decided:
        fact = self._decided(candidate, kind)
        return dataclasses.replace(
            fact, duplicate_of=named, duplicate_of_url=url, similarity=similarity
        )

    def _decided(self, candidate: Candidate, outcome: Outcome) -> Decided:
        return Decided(
            id=candidate.id,
            url=candidate.url,
            url_key=candidate.url_key,
            digest=candidate.signature.digest,
            fetched=candidate.fetched,
            event_time=candidate.event_time,
            bucket=self._bucket(candidate),
            order=candidate.order,
            outcome=outcome,
        )

    def _bucket(self, candidate: Candidate) -> int:
        watermark = max(candidate.event_time, self._watermark or candidate.event_time)
        return max(int(candidate.event_time // self._width), self._oldest_open(watermark))


def _is_fuller(candidate: Signature, published: Signature | None) -> bool:
    return published is not None and candidate.shingles >= FULLER * published.shingles
