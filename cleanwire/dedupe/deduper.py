"""Articles in sequence -> a verdict on each: what the library and the stream share.

Invariant: `Deduper.add` passes an article through a `ShardChain`, as the stream does.
"""

import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence
from typing import overload

from cleanwire.dedupe.decision import Decision, DecisionKind
from cleanwire.dedupe.denylist import Takedown
from cleanwire.dedupe.policy import Candidate, Window
from cleanwire.dedupe.shard_chain import ShardChain
from cleanwire.events import Article, CleanArticle, DuplicateArticle, Source
from cleanwire.similarity.index import Thresholds
from cleanwire.similarity.key_table import hash_of
from cleanwire.similarity.minhash import Signature, signature
from cleanwire.urls import normalize_url


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of an article.

    Attributes:
        outcome: "clean" for an article to publish, else the kind of duplicate.
        revision: the number of the published text of its URL, from 1.
        supersedes: of an article to publish, the id of the published article that it replaces.
        duplicate_of: of a duplicate, the id of the published article that it repeats.
        duplicate_of_url: of a duplicate, a URL of that article.
        similarity: of a duplicate, 0 to 1.
    """

    outcome: DecisionKind
    revision: int
    supersedes: str | None
    duplicate_of: str | None
    duplicate_of_url: str | None
    similarity: float

    @property
    def is_duplicate(self) -> bool:
        """Whether the article repeats a published one."""
        return self.outcome != "clean"


class Deduper:
    """First seen wins: recognises what was published before, within the window.

    Args:
        window: how long articles are known, in event time; by default 30 days, and 7 days more for
            redelivery.
        thresholds: when two texts are one story.
        most_bytes: the oldest articles are evicted above this much content; None for no bound.

    Example:
        >>> deduper = Deduper()
        >>> deduper.add(clean_page(html, url=url, fetched_at=when)).outcome
        'clean'
    """

    def __init__(
        self,
        *,
        window: Window | None = None,
        thresholds: Thresholds | None = None,
        most_bytes: int | None = None,
    ) -> None:
        self._chain = ShardChain(window=window, thresholds=thresholds, most_bytes=most_bytes)
        self._latest = 0.0
        self._sequence = 0

    def __len__(self) -> int:
        """The number of published articles that later ones are matched against."""
        return self._chain.shards[0].articles

    @property
    def size(self) -> int:
        """Bytes of the tables that hold the state."""
        return self._chain.shards[0].size

    @property
    def evicted(self) -> int:
        """How many articles were evicted for want of memory before they expired."""
        return self._chain.shards[0].evicted

    def add(
        self, article: Article, *, received_at: float | None = None, is_replay: bool = False
    ) -> Verdict:
        """Decide on an article, and store the decision.

        Args:
            article: as `clean_page` returns it.
            received_at: seconds since the epoch. It caps the article's event time, so that one page
                with a date in the future does not move the window.
            is_replay: whether the page was cleaned again after a fix of the cleaner. If it was a
                duplicate, and its text is another one now, it is decided as a new page.

        Returns:
            The verdict. The same article added again gets the same verdict. If a published article
            has another text now, later articles are matched against that text.

        Raises:
            Withdrawn: the article was taken down.
        """
        return verdict(self.decide(article, received_at, is_replay=is_replay))

    def decide(
        self, article: Article, received_at: float | None = None, *, is_replay: bool = False
    ) -> Decision:
        """Decide as `add` does, and return the whole decision.

        Raises:
            Withdrawn: the article was taken down.
        """
        event_time = self._next_event_time(article.fetched_at, received_at)
        return self._chain.decide(
            candidate(article, event_time=event_time, sequence=self._sequence, is_replay=is_replay)
        )

    def add_text(self, name: str, text: str, *, url: str = "", fetched_at: str = "") -> Verdict:
        """Decide on a text that was cleaned elsewhere, and store the decision.

        Args:
            name: the text's id; later verdicts refer to it by this id.
            text: the body.
            url: where the text is from; a text without a URL gets a URL key of its own.
            fetched_at: RFC 3339; by default the latest event time so far.

        Returns:
            The verdict.

        Raises:
            Withdrawn: the text was taken down.
            ValueError: `fetched_at` is no ISO 8601 time.
        """
        event_time = self._next_event_time(fetched_at)
        return verdict(
            self._chain.decide(
                Candidate(
                    id=name,
                    url=url,
                    url_key=url_key_of(url, name),
                    signature=signature(text),
                    fetched=event_time,
                    event_time=event_time,
                    sequence=self._sequence,
                )
            )
        )

    def withdraw(
        self,
        *,
        ids: Collection[str] = (),
        urls: Collection[str] = (),
        pages: Collection[bytes] = (),
        at: float | None = None,
    ) -> Sequence[str]:
        """Take articles down: delete them, and deny them for ever.

        Another article that tells the same story is published when it is next seen. A page of a
        withdrawn URL is published if it is fetched later than what was taken down.

        Args:
            ids: ids of articles; the URL of a known one is denied up to its fetch.
            urls: URLs; everything that was fetched of them so far is taken down.
            pages: the same URLs as keys, as `url_key_of` gives them.
            at: seconds since the epoch; by default the latest event time. A URL is denied up to the
                latest fetch that is known of it, and never beyond `at`. A URL of which no fetch is
                known is denied up to `at`.

        Returns:
            The ids of all articles that are withdrawn.
        """
        self._sequence += 1
        return self._chain.withdraw(
            Takedown(
                ids=ids,
                url_keys=[*pages, *(url_key_of(url, "") for url in urls)],
                at=self._latest if at is None else at,
                sequence=self._sequence,
            )
        )

    def _next_event_time(self, fetched_at: str, received_at: float | None = None) -> float:
        """Count one article more in the sequence; returns its event time."""
        event_time = event_time_of(fetched_at, received_at)
        if event_time is None:
            event_time = self._latest
        self._latest = max(self._latest, event_time)
        self._sequence += 1
        return event_time


def candidate(
    article: Article, *, event_time: float, sequence: int, is_replay: bool = False
) -> Candidate:
    """The candidate of an article: what deciding needs to know of it.

    Args:
        article: the article; an article without a URL gets a URL key made from its id.
        event_time: seconds since the epoch.
        sequence: the position of the candidate among all candidates.
        is_replay: whether its page was put on the bus again after a fix.

    Raises:
        ValueError: `fetched_at` is no ISO 8601 time.
    """
    fetched = event_time_of(article.fetched_at, None)
    return Candidate(
        id=article.id,
        url=article.url,
        url_key=url_key_of(article.url, article.id),
        signature=_signature(article),
        fetched=event_time if fetched is None else fetched,
        event_time=event_time,
        sequence=sequence,
        is_replay=is_replay,
    )


def url_key_of(url: str, article: str) -> bytes:
    """The 16 bytes that stand for a URL: a hash of the normalised URL, or of the id without one."""
    return hash_of(normalize_url(url) if url else f"id:{article}")


def _signature(article: Article) -> Signature:
    """The article's signature; a signature of another version is computed again."""
    try:
        return Signature.unpack(article.signature)
    except ValueError:
        # Another version of the cleaner made this article, and it was in flight during the upgrade.
        return signature(article.text)


@overload
def event_time_of(fetched_at: str, received_at: float) -> float: ...
@overload
def event_time_of(fetched_at: str, received_at: None) -> float | None: ...
def event_time_of(fetched_at: str, received_at: float | None) -> float | None:
    """A fetch's event time in seconds since the epoch, capped at `received_at`.

    Args:
        fetched_at: ISO 8601; a time without a zone is read as UTC.
        received_at: seconds since the epoch; None for no cap.

    Returns:
        The event time; `received_at` if `fetched_at` is empty.

    Raises:
        ValueError: `fetched_at` is no ISO 8601 time.
    """
    if not fetched_at:
        return received_at
    fetched = dt.datetime.fromisoformat(fetched_at.upper())
    if fetched.tzinfo is None:
        fetched = fetched.replace(tzinfo=dt.UTC)
    seconds = fetched.timestamp()
    return seconds if received_at is None else min(seconds, received_at)


def verdict(decision: Decision) -> Verdict:
    """The public part of a decision."""
    return Verdict(
        outcome=decision.outcome,
        revision=decision.revision,
        supersedes=decision.supersedes,
        duplicate_of=decision.duplicate_of,
        duplicate_of_url=decision.duplicate_of_url,
        similarity=decision.similarity,
    )


def outcome_event(
    article: Article, source: Source, decision: Decision
) -> CleanArticle | DuplicateArticle:
    """The event that publishes a decision."""
    if decision.outcome == "clean":
        return CleanArticle(
            **{field: getattr(article, field) for field in _SHARED},
            source=source,
            revision=decision.revision,
            supersedes=decision.supersedes,
        )
    return DuplicateArticle(
        id=article.id,
        url=article.url,
        title=article.title,
        kind=decision.outcome,
        duplicate_of=decision.duplicate_of or "",
        duplicate_of_url=decision.duplicate_of_url or "",
        similarity=round(decision.similarity, 4),
        fetched_at=article.fetched_at,
        source=source,
    )


_SHARED = tuple(field.name for field in dataclasses.fields(Article))
"""The fields that a clean article takes over from its `Article`."""
