"""Articles in an order -> a verdict each: the library's and the stream's one way to decide.

Invariant: `Deduper.add` lets an article pass the shards of a relay, as the stream does.
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

    `outcome` is "clean" for one to publish (`revision` counts from 1, `supersedes` names the
    published id before it), else the kind of duplicate (`duplicate_of` names the published
    article, `similarity` is in 0..1).
    """

    outcome: DecisionKind
    revision: int
    supersedes: str | None
    duplicate_of: str | None
    duplicate_of_url: str | None
    similarity: float

    @property
    def is_duplicate(self) -> bool:
        """Whether the article tells what a published one has told."""
        return self.outcome != "clean"


class Deduper:
    """First seen wins: recognises what was published before, within the window.

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
        self._relay = ShardChain(window=window, thresholds=thresholds, most_bytes=most_bytes)
        self._latest = 0.0
        self._sequence = 0

    def __len__(self) -> int:
        """The number of published articles that later ones are matched against."""
        return self._relay.shards[0].articles

    @property
    def size(self) -> int:
        """Bytes of the tables that hold what is remembered."""
        return self._relay.shards[0].size

    @property
    def evicted(self) -> int:
        """How many articles were forgotten before their time, for want of memory."""
        return self._relay.shards[0].evicted

    def add(self, article: Article, *, received_at: float | None = None) -> Verdict:
        """Decide on an article, and remember it.

        Args:
            article: as `clean_page` gives it.
            received_at: seconds since the epoch; caps the article's event time, so that one
                page from the future does not move the window.

        Returns:
            The verdict. The same article added again gets the same one.

        Raises:
            Withdrawn: it was taken down.
        """
        return verdict(self.decide(article, received_at))

    def decide(self, article: Article, received_at: float | None = None) -> Decision:
        """As `add`, with the whole fact."""
        event_time = self._arrived(article.fetched_at, received_at)
        return self._relay.decide(
            candidate(article, event_time=event_time, sequence=self._sequence)
        )

    def add_text(self, name: str, text: str, *, url: str = "", fetched_at: str = "") -> Verdict:
        """Decide on a text that somebody else has cleaned, and remember it.

        Args:
            name: its id, by which later verdicts name it.
            text: the body.
            url: where it is from; without one it is a page of its own.
            fetched_at: RFC 3339; without one it counts as being as late as the latest.
        """
        event_time = self._arrived(fetched_at)
        return verdict(
            self._relay.decide(
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
        """Take articles down: they are forgotten, and never decided on again.

        Whatever tells the same story is published when it is next seen; so is the page itself
        once it is fetched later than what was taken down.

        Args:
            ids: of articles.
            urls: of pages, with all that was fetched of them so far.
            pages: the same, as `url_key_of` gives them.
            at: seconds since the epoch; caps the time up to which the URLs are denied, and is
                that time where nothing is known of a URL. The latest event time by default.

        Returns:
            The ids of all articles that are withdrawn.
        """
        self._sequence += 1
        return self._relay.withdraw(
            Takedown(
                ids=ids,
                url_keys=[*pages, *(url_key_of(url, "") for url in urls)],
                at=self._latest if at is None else at,
                sequence=self._sequence,
            )
        )

    def _arrived(self, fetched_at: str, received_at: float | None = None) -> float:
        """Give the next article its place in the order; returns its event time."""
        event_time = event_time_of(fetched_at, received_at)
        if event_time is None:
            event_time = self._latest
        self._latest = max(self._latest, event_time)
        self._sequence += 1
        return event_time


def candidate(article: Article, *, event_time: float, sequence: int) -> Candidate:
    """What deciding needs to know of an article (`event_time` in seconds since the epoch).

    An article without a URL is a page of its own: its id stands for the URL.
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
    )


def url_key_of(url: str, article: str) -> bytes:
    """16 bytes that stand for a page: its normalised URL's, or its id's if it has none."""
    return hash_of(normalize_url(url) if url else f"id:{article}")


def _signature(article: Article) -> Signature:
    try:
        return Signature.unpack(article.signature)
    except ValueError:
        # Made by another version, on the way when this one was started: the text is there.
        return signature(article.text)


@overload
def event_time_of(fetched_at: str, received_at: float) -> float: ...
@overload
def event_time_of(fetched_at: str, received_at: None) -> float | None: ...
def event_time_of(fetched_at: str, received_at: float | None) -> float | None:
    """A fetch's event time in seconds since the epoch, capped at `received_at`.

    None where `fetched_at` is empty and there is no cap to stand for it.
    """
    if not fetched_at:
        return received_at
    fetched = dt.datetime.fromisoformat(fetched_at.upper())
    if fetched.tzinfo is None:
        fetched = fetched.replace(tzinfo=dt.UTC)
    seconds = fetched.timestamp()
    return seconds if received_at is None else min(seconds, received_at)


def verdict(decision: Decision) -> Verdict:
    """The part of a fact that concerns whoever asked."""
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
    """The event that tells the world of a decision."""
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
        kind=decision.outcome,
        duplicate_of=decision.duplicate_of or "",
        duplicate_of_url=decision.duplicate_of_url or "",
        similarity=round(decision.similarity, 4),
        fetched_at=article.fetched_at,
        source=source,
    )


_SHARED = tuple(field.name for field in dataclasses.fields(Article))
