"""Matches and the history of a URL -> published, or a duplicate of which kind.

Invariants:

- A decision is a function of the candidate, of its matches, and of the decisions before it in
  sequence. A decision is never changed once it is made, except by a replay with another text
  (`repeated`). A redelivered candidate finds its own decision and repeats the outcome, and a late
  copy of a decision changes nothing.
- A duplicate refers to a published article that is earlier in sequence. If there are several, it
  refers to the earliest of the strongest kind of match.
- A match counts only if the decision on the matched article says that it was published, earlier,
  and within the window. So an index may hold more articles than were published, and for longer,
  without harm. This lets several shards share the work of matching.
- No decision refers to an article that was taken down before it.

Event time is cut into buckets. A decision is stored in the bucket of its event time. A decision on
a page that is older than the window is stored in the oldest open bucket, so that copies of a late
page are recognised too. Published articles are matched for the length of the window; decisions are
known for the window and the replay horizon.
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
"""The number of buckets of event time in a window; articles expire by whole buckets."""

HISTORY = 16
"""How many fetches of its own URL a page is compared with: the latest ones."""

MOST_DELETED_A_PAGE = 16
"""How many decisions are deleted with one page at most, so that no page waits for the deletions of
a whole day."""

_STRENGTH = {"exact": 0, "near": 1, "excerpt": 2}
"""The kinds of matches, the strongest first."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How long articles and decisions are known, in seconds of event time.

    Attributes:
        length: how long a published article is matched; an hour at least.
        replay: how much longer a decision is known, so that a redelivered page repeats its outcome.

    Raises:
        ValueError: `length` is less than an hour.
    """

    length: float = 30 * DAY
    replay: float = 7 * DAY

    def __post_init__(self) -> None:
        if self.length < HOUR:
            raise ValueError(f"a window of {self.length} s is too short: {HOUR:g} s at least")

    @property
    def width(self) -> float:
        """The width of a bucket, in seconds of event time."""
        return self.length / BUCKETS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What deciding needs to know of an article.

    Attributes:
        id: the article's id.
        url: its URL; "" for none.
        url_key: 16 bytes that stand for its normalised URL (`hash_of`).
        signature: the signature of its text.
        fetched: when the page was fetched, in seconds since the epoch.
        event_time: the same, capped at the time Kafka received the page.
        sequence: the candidate's position among all candidates.
        is_replay: whether the page was put on the bus again to be decided anew where its text is
            another one now.
    """

    id: str
    url: str
    url_key: bytes
    signature: Signature
    fetched: float
    event_time: float
    sequence: int
    is_replay: bool = False


class Clock:
    """Which buckets of event time are open. The latest event time moves it, and only forward.

    Attributes:
        open_from: the first open bucket; None before the first event.
    """

    def __init__(self, window: Window) -> None:
        self._length = window.length
        self._width = window.width
        self._replay = math.ceil(window.replay / self._width)
        self.open_from: int | None = None

    @property
    def known_from(self) -> int | None:
        """The first bucket whose decisions are still known."""
        return None if self.open_from is None else self.open_from - self._replay

    def bucket(self, event_time: float) -> int:
        """The bucket that an event of this time (seconds since the epoch) is stored in."""
        return max(int(event_time // self._width), self._opened(event_time))

    def advance(self, event_time: float) -> bool:
        """Move the clock to an event time, in seconds since the epoch.

        Returns:
            Whether `open_from` moved, so that buckets closed.
        """
        opened = self._opened(event_time)
        moved = opened != self.open_from
        self.open_from = opened
        return moved

    def _opened(self, event_time: float) -> int:
        """The first open bucket once an event of this time has been seen."""
        opened = int((event_time - self._length) // self._width) + 1
        return opened if self.open_from is None else max(opened, self.open_from)


class DedupePolicy:
    """All decisions and denials, and the rules that make new decisions.

    Args:
        clock: the clock of the shard that decides.

    Attributes:
        decisions: the decisions so far.
        denied: what was taken down.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.decisions = DecisionTable()
        self.denied = Denylist()

    def known(self, article: str) -> Decision | None:
        """The decision on an article, or None if there is none within the replay horizon."""
        decision = self.decisions.get(article)
        return decision if decision is not None and self._is_known(decision) else None

    def repeated(self, candidate: Candidate) -> tuple[Decision | None, bool]:
        """The decision that a candidate repeats; None if it is to be decided.

        A candidate of a known article repeats its decision. Two things differ if it is later in
        sequence and has another text, because another version of the cleaner made it. A published
        article stays published under its id and revision, and its text is replaced. The replay of
        a duplicate is decided as a new page, unless its URL was taken down.

        Returns:
            The decision, with the digest of the text that counts from now on; and whether it is
            stored as it is.
        """
        decision = self.known(candidate.id)
        digest = candidate.signature.digest
        if decision is None:
            return None, False
        if decision.digest == digest or candidate.sequence <= decision.sequence:
            return decision, True
        if decision.is_published:
            return dataclasses.replace(decision, digest=digest), False
        is_due = candidate.is_replay and not self._is_denied_by_url(candidate)
        return (None, False) if is_due else (decision, True)

    def is_withdrawn(self, candidate: Candidate) -> bool:
        """Whether a candidate was taken down, by its id or by its URL.

        A candidate that a denial of its URL covers is not withdrawn if there is a decision on it:
        its redelivery repeats the outcome.
        """
        if candidate.id in self.denied:
            return True
        return self._is_denied_by_url(candidate) and self.known(candidate.id) is None

    def withdraw(self, takedown: Takedown) -> tuple[list[str], dict[str, Denial]]:
        """Delete the decisions that a takedown covers, and deny their articles.

        Decisions that are later in sequence than the takedown are kept, because the takedown may be
        a redelivery.

        Args:
            takedown: what to withdraw.

        Returns:
            The ids that are withdrawn, and the denials to store, by record key.
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
        """The time up to which a URL without a known fetch is denied: as before, else `at`."""
        before = self.denied.of_url(url_key)
        return at if before is None or before.until is None else before.until

    def remember(self, decision: Decision) -> None:
        """Store a decision; it replaces an earlier decision on the same article."""
        if not self.decisions.add(decision) and self.decisions.get(decision.id) != decision:
            self.decisions.remove(decision.id)
            self.decisions.add(decision)

    def decide(self, candidate: Candidate, matches: Iterable[Match]) -> Decision:
        """Decide on a candidate that has no decision yet. Nothing is stored.

        The history of the candidate's own URL comes first: a recrawl or a revision. Only then the
        matches with other URLs count: a duplicate, or a new article.

        Args:
            candidate: the article.
            matches: articles that tell the same story, from all shards, in any order; those that
                were not published earlier and within the window are ignored.

        Returns:
            The decision: "clean" (new, or a revision), "recrawl", "exact", "near" or "excerpt".
        """
        valid = [
            (match, decision)
            for match in matches
            if (decision := self.decisions.get(match.id)) is not None
            and self._counts(decision, candidate)
        ]
        return self._from_history(candidate, valid) or self._from_matches(candidate, valid)

    def due(self) -> list[str]:
        """The ids of expired decisions, the oldest first; at most `MOST_DELETED_A_PAGE`."""
        known_from = self._clock.known_from
        if known_from is None:
            return []
        return list(itertools.islice(self.decisions.in_order(known_from), MOST_DELETED_A_PAGE))

    def _is_denied_by_url(self, candidate: Candidate) -> bool:
        denial = self.denied.of_url(candidate.url_key)
        return denial is not None and denial.concerns(candidate.sequence, candidate.event_time)

    def _is_known(self, decision: Decision) -> bool:
        """A decision is known while its bucket is within the window and the replay horizon."""
        known_from = self._clock.known_from
        return known_from is None or decision.bucket >= known_from

    def _stands(self, decision: Decision) -> bool:
        """A decision stands if neither its article nor the article it duplicates was taken down."""
        return decision.id not in self.denied and decision.duplicate_of not in self.denied

    def _counts(self, decision: Decision, candidate: Candidate) -> bool:
        """A match counts if its article was published earlier, not denied, and in the window."""
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
        """Decide by earlier fetches of the same URL; None if they say nothing.

        Equal words are a recrawl. Else, if the URL has a published text, a page that is fetched no
        earlier than the newest of them is its next revision, and an older page that matches one of
        them is a recrawl.
        """
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
        """Decide by matches with other URLs: the strongest kind wins, then the earliest article."""
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
        """A recrawl refers to the published article behind the earlier decision on its URL."""
        referenced_id = decision.duplicate_of or decision.id
        return self._duplicate(candidate, "recrawl", referenced_id, decision.url, similarity)

    def _published(
        self, candidate: Candidate, *, revision: int = 1, supersedes: str | None = None
    ) -> Decision:
        """A published article supersedes the newest published text of its URL, if there is one."""
        return self._decided(
            candidate, "clean", revision=revision, referenced_id=supersedes, url=candidate.url
        )

    def _duplicate(
        self,
        candidate: Candidate,
        kind: DuplicateKind,
        referenced_id: str,
        url: str,
        similarity: float,
    ) -> Decision:
        """A duplicate carries the id and the URL of the published article that it repeats."""
        return self._decided(
            candidate, kind, referenced_id=referenced_id, url=url, similarity=similarity
        )

    def _decided(  # noqa: PLR0913 - the fields of a decision
        self,
        candidate: Candidate,
        outcome: DecisionKind,
        *,
        referenced_id: str | None,
        url: str,
        revision: int = 1,
        similarity: float = 1.0,
    ) -> Decision:
        """A decision takes its bucket from the clock: a late page gets the oldest open bucket."""
        return Decision(
            id=candidate.id,
            url_key=candidate.url_key,
            digest=candidate.signature.digest,
            fetched=candidate.fetched,
            bucket=self._clock.bucket(candidate.event_time),
            sequence=candidate.sequence,
            outcome=outcome,
            revision=revision,
            referenced_id=referenced_id,
            url=url,
            similarity=similarity,
        )
