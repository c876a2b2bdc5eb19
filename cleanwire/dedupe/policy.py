"""Matches and the page's own history -> published, or a duplicate of which kind.

Invariants:

- A decision is a function of the candidate, of its matches, and of the facts (`Decision`) before
  it in the order of `candidates`. Facts are never changed once made: a redelivered candidate
  finds its own fact and repeats its outcome, and a late copy of a fact changes nothing.
- A duplicate names a published article that is earlier in that order; among several of
  the strongest kind the earliest.
- A match counts only if its fact says that it was published, earlier, and in the window. So it
  does no harm if whoever looks articles up remembers more of them than were published, or for
  longer; that is what lets several shards share the looking up.
- No decision names an article that was taken down before it.

Event time moves on, and is cut into buckets. A fact lives in the bucket of its event time; one
that is later than the window (out of order) lives in the oldest bucket still open, so that
copies of a late page are recognised too. Published articles are matched for the window, and
facts are known for the window and the replay horizon.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterable

from cleanwire.dedupe.decision import Decision, DecisionKind
from cleanwire.dedupe.decision_table import DecisionTable
from cleanwire.dedupe.denylist import Denial, Denylist, Takedown
from cleanwire.events import DuplicateKind
from cleanwire.similarity.index import Match
from cleanwire.similarity.minhash import Signature

DAY = 86_400.0
HOUR = 3600.0
BUCKETS = 30
"""The window is cut into so many buckets of event time; expiry goes bucket by bucket."""

HISTORY = 16
"""A page is held against so many of its own fetches, the latest."""

MOST_DELETED_A_PAGE = 16
"""At most so many facts are forgotten with one page, so that no page waits for a whole day's."""

_STRENGTH = {"exact": 0, "near": 1, "excerpt": 2}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """For how long what is remembered, in seconds of event time; an hour at least."""

    length: float = 30 * DAY
    replay: float = 7 * DAY

    def __post_init__(self) -> None:
        if self.length < HOUR:
            raise ValueError(f"a window of {self.length} s is too short: {HOUR:g} s at least")

    @property
    def width(self) -> float:
        """Seconds of event time in a bucket."""
        return self.length / BUCKETS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What deciding needs to know of an article.

    `url_key` stands for the normalised URL (`hash_of`); `fetched` and `event_time` are seconds
    since the epoch, the latter capped at the time the bus took the page in; `sequence` is the place
    in the order of all candidates.
    """

    id: str
    url: str
    url_key: bytes
    signature: Signature
    fetched: float
    event_time: float
    sequence: int


class Clock:
    """Which buckets of event time are open; the latest event time seen moves it, and only on."""

    def __init__(self, window: Window) -> None:
        self._length = window.length
        self._width = window.width
        self._replay = math.ceil(window.replay / self._width)
        self.open_from: int | None = None

    @property
    def known_from(self) -> int | None:
        """The first bucket whose facts are still known."""
        return None if self.open_from is None else self.open_from - self._replay

    def bucket(self, event_time: float) -> int:
        """The bucket that something of this event time lives in."""
        return max(int(event_time // self._width), self._opened(event_time))

    def advance(self, event_time: float) -> bool:
        """Something of this event time has come; returns whether that closes a bucket."""
        opened = self._opened(event_time)
        moved = opened != self.open_from
        self.open_from = opened
        return moved

    def _opened(self, event_time: float) -> int:
        opened = int((event_time - self._length) // self._width) + 1
        return opened if self.open_from is None else max(opened, self.open_from)


class DedupePolicy:
    """The facts of all decisions, and the rules that make new ones.

    Args:
        clock: of the shard that decides.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.decisions = DecisionTable()
        self.denied = Denylist()

    def known(self, article: str) -> Decision | None:
        """The fact of an article, if it is known and not past the replay horizon."""
        decision = self.decisions.get(article)
        return decision if decision is not None and self._is_known(decision) else None

    def is_withdrawn(self, candidate: Candidate) -> bool:
        """Whether a candidate is of what was taken down."""
        if candidate.id in self.denied:
            return True
        denial = self.denied.of_url(candidate.url_key)
        if denial is None or not denial.concerns(candidate.sequence, candidate.event_time):
            return False
        return self.known(candidate.id) is None

    def withdraw(self, takedown: Takedown) -> tuple[list[str], dict[str, Denial]]:
        """Forget what is taken down, and deny it.

        Facts that came later than the takedown are not touched, should it be delivered again.

        Returns:
            The ids that are withdrawn, and what is to be remembered of it, by key.
        """
        sequence = takedown.sequence
        fetched: dict[bytes, list[float]] = {url_key: [] for url_key in takedown.url_keys}
        ids = dict.fromkeys((*takedown.ids, *self.denied.of(sequence)))
        for article in takedown.ids:
            decision = self.decisions.get(article)
            if decision is not None and decision.sequence < sequence:
                fetched.setdefault(decision.url_key, []).append(decision.fetched)
        for url_key in takedown.url_keys:
            decisions = [
                decision
                for decision in self.decisions.of_url(url_key, None)
                if decision.sequence < sequence
            ]
            ids |= dict.fromkeys(decision.id for decision in decisions)
            fetched[url_key] += [decision.fetched for decision in decisions]
        until = {
            url_key: min(max(times, default=self._denied_until(url_key, takedown.at)), takedown.at)
            for url_key, times in fetched.items()
        }
        records = self.denied.records(ids, until, sequence)
        for key, denial in records.items():
            self.denied.add(key, denial)
        for article in ids:
            self.decisions.remove(article)
        return list(ids), records

    def _denied_until(self, url_key: bytes, at: float) -> float:
        """Up to when a page is denied of which nothing is known; else up to `at`."""
        before = self.denied.of_url(url_key)
        return at if before is None or before.until is None else before.until

    def remember(self, decision: Decision) -> None:
        """Take a fact in, in the place of one of the same article."""
        if not self.decisions.add(decision) and self.decisions.get(decision.id) != decision:
            self.decisions.remove(decision.id)
            self.decisions.add(decision)

    def decide(self, candidate: Candidate, matches: Iterable[Match]) -> Decision:
        """The outcome of a candidate that is not known; nothing is remembered yet.

        Args:
            candidate: the article.
            matches: articles that tell its story, wherever they are remembered.
        """
        valid = [
            (match, decision)
            for match in matches
            if (decision := self.decisions.get(match.id)) is not None
            and self._counts(decision, candidate)
        ]
        return self._from_history(candidate, valid) or self._from_matches(candidate, valid)

    def due(self) -> list[str]:
        """The ids of facts to be forgotten now, the oldest first, `MOST_DELETED_A_PAGE` at most."""
        known_from = self._clock.known_from
        if known_from is None:
            return []
        return list(itertools.islice(self.decisions.in_order(known_from), MOST_DELETED_A_PAGE))

    def _is_known(self, decision: Decision) -> bool:
        known_from = self._clock.known_from
        return known_from is None or decision.bucket >= known_from

    def _stands(self, decision: Decision) -> bool:
        """Whether neither the article nor what it repeats was taken down."""
        return decision.id not in self.denied and decision.duplicate_of not in self.denied

    def _counts(self, decision: Decision, candidate: Candidate) -> bool:
        open_from = self._clock.open_from
        return (
            decision.is_published
            and decision.id not in self.denied
            and decision.sequence < candidate.sequence
            and (open_from is None or decision.bucket >= open_from)
        )

    def _from_history(
        self, candidate: Candidate, matches: list[tuple[Match, Decision]]
    ) -> Decision | None:
        earlier = [
            decision
            for decision in self.decisions.of_url(candidate.url_key, HISTORY)
            if decision.sequence < candidate.sequence
            and self._is_known(decision)
            and self._stands(decision)
        ]
        for decision in earlier:
            if decision.digest == candidate.signature.digest:
                return self._recrawl(candidate, decision, decision.similarity)
        published = [decision for decision in earlier if decision.is_published]
        if not published:
            return None
        newest = max(published, key=lambda decision: (decision.fetched, decision.sequence))
        if candidate.fetched >= newest.fetched:
            revision = max(decision.revision for decision in published) + 1
            return self._published(candidate, revision=revision, supersedes=newest.id)
        similar = [
            (match, decision)
            for match, decision in matches
            if decision.url_key == candidate.url_key
        ]
        if similar:
            match, decision = min(similar, key=lambda pair: pair[1].sequence)
            return self._recrawl(candidate, decision, match.similarity)
        return None

    def _from_matches(
        self, candidate: Candidate, matches: list[tuple[Match, Decision]]
    ) -> Decision:
        others = [
            (match, decision)
            for match, decision in matches
            if decision.url_key != candidate.url_key
        ]
        if not others:
            return self._published(candidate)
        match, decision = min(others, key=lambda pair: (_STRENGTH[pair[0].kind], pair[1].sequence))
        return self._duplicate(candidate, match.kind, decision.id, decision.url, match.similarity)

    def _recrawl(self, candidate: Candidate, decision: Decision, similarity: float) -> Decision:
        named = decision.duplicate_of or decision.id
        return self._duplicate(candidate, "recrawl", named, decision.url, similarity)

    def _published(
        self, candidate: Candidate, *, revision: int = 1, supersedes: str | None = None
    ) -> Decision:
        return self._decided(
            candidate, "clean", revision=revision, named=supersedes, url=candidate.url
        )

    def _duplicate(
        self, candidate: Candidate, kind: DuplicateKind, named: str, url: str, similarity: float
    ) -> Decision:
        return self._decided(candidate, kind, named=named, url=url, similarity=similarity)

    def _decided(  # noqa: PLR0913 - a fact's fields
        self,
        candidate: Candidate,
        outcome: DecisionKind,
        *,
        named: str | None,
        url: str,
        revision: int = 1,
        similarity: float = 1.0,
    ) -> Decision:
        return Decision(
            id=candidate.id,
            url_key=candidate.url_key,
            digest=candidate.signature.digest,
            fetched=candidate.fetched,
            bucket=self._clock.bucket(candidate.event_time),
            sequence=candidate.sequence,
            outcome=outcome,
            revision=revision,
            named=named,
            url=url,
            similarity=similarity,
        )
