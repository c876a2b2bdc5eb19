"""One shard: its share of the articles that later ones are matched against.

The last shard also makes the decisions.

Invariants:

- Every article passes the shards 0 to N - 1 in one sequence. Each shard matches the article against
  its own entries, and adds what it finds to the matches that the article carries. The article is
  stored at one shard only, `home(id, N)`, as it passes. The last shard decides, by all the matches
  and by the decisions, which it alone has.
- A shard holds at least every article of its own that was published and is in the window. More
  entries do no harm (`policy` says why), so a shard may be told late, or never, that an article was
  dropped.
- Every change of a shard is a `Record` under a key. A shard that is fed its records in order (of
  each key only the latest) equals the shard that wrote them.

A single shard decides strictly: first seen wins.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Literal

from cleanwire.dedupe.decision import Decision
from cleanwire.dedupe.decision_rows import DecisionBatch
from cleanwire.dedupe.denylist import Takedown
from cleanwire.dedupe.policy import MOST_DELETED_A_PAGE, Candidate, Clock, DedupePolicy, Window
from cleanwire.dedupe.shard_record import CLOCK, Record, Withdrawal, Writes
from cleanwire.similarity.entry_batch import EntryBatch
from cleanwire.similarity.index import KEY_CAP, MOST_ARTICLES, Entry, Index, Match, Thresholds
from cleanwire.similarity.key_table import U64, Bools, key_of

Limit = Literal["articles", "bytes"]
"""The limits of a shard: the rows of its index, and the bytes of memory it is given."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ShardResult:
    """What one article did to a shard.

    Attributes:
        matches: the matches that the article carries on to the next shard: those it came with, and
            those found here.
        decision: the decision; None before the last shard, and for an article that was taken down.
        writes: the records that changed.
        dropped: ids of articles that other shards have no use for any more.
        is_withdrawn: whether the article was taken down before it came.
        replaces_text: whether the index had another text of the article before.
    """

    matches: Sequence[Match]
    decision: Decision | None
    writes: Writes
    dropped: Sequence[str]
    is_withdrawn: bool = False
    replaces_text: bool = False


def home(article: str, shards: int) -> int:
    """The number of the shard that stores an article."""
    return int.from_bytes(key_of(article)[:8], "big") % shards


class Shard:
    """The state of one shard.

    Args:
        number: 0 to `shards` - 1. With more than one shard, ids are 32 hex digits.
        shards: how many shards there are.
        window: how long articles and decisions are known.
        thresholds: when two texts are one story.
        most_bytes: the oldest articles are evicted above this much content; None for no bound.
        cap: how many articles one sample hash leads to at most.
    """

    def __init__(  # noqa: PLR0913 - a shard's settings
        self,
        *,
        number: int = 0,
        shards: int = 1,
        window: Window | None = None,
        thresholds: Thresholds | None = None,
        most_bytes: int | None = None,
        cap: int = KEY_CAP,
    ) -> None:
        self._number = number
        self._shards = shards
        self._most_bytes = most_bytes
        self._clock = Clock(window or Window())
        self._index = Index(thresholds, cap=cap)
        self._policy = DedupePolicy(self._clock) if number == shards - 1 else None
        # A redelivered article may come after the clock has moved on, and has to find the same
        # matches as before. So a shard before the last keeps a bucket longer than the last shard
        # lets it count.
        self._margin = 0 if self._policy is not None else 1
        self.evicted = 0
        """How many articles were evicted for want of memory before they expired."""

    def __len__(self) -> int:
        """The number of decisions; 0 before the last shard."""
        return 0 if self._policy is None else len(self._policy.decisions)

    @property
    def articles(self) -> int:
        """The number of articles that later pages are matched against here."""
        return len(self._index)

    @property
    def fill(self) -> dict[Limit, float]:
        """The share of each limit that is in use; at 1 the shard evicts its oldest article."""
        used: dict[Limit, int] = {"articles": len(self._index), "bytes": self.content}
        return {limit: used[limit] / most for limit, most in self.limits.items()}

    @property
    def limits(self) -> dict[Limit, int]:
        """How many articles and how many bytes of content the shard holds at most."""
        found: dict[Limit, int] = {"articles": MOST_ARTICLES}
        if self._most_bytes is not None:
            found["bytes"] = self._most_bytes
        return found

    @property
    def size(self) -> int:
        """Bytes of all tables."""
        return self._index.size + (0 if self._policy is None else self._policy.decisions.size)

    @property
    def content(self) -> int:
        """Bytes that the present content takes, regardless of what the tables held before."""
        return self._index.content + (0 if self._policy is None else self._policy.decisions.content)

    def take(self, candidate: Candidate, matches: Iterable[Match] = ()) -> ShardResult:
        """Pass one article through this shard.

        An article is matched against the entries here that are earlier in sequence. The last shard
        then decides. The article is added to the index if this shard is its home, unless the last
        shard decided that it is a duplicate. The clock moves on to the article's event time:
        entries of closed buckets expire, decisions past the replay horizon are deleted, and the
        oldest articles are evicted while the shard is over a limit.

        The last shard knows its decisions: a redelivered article is not matched again, and its
        record is written again in case the first write was lost. An article that comes again with
        another text has that text in the index from then on.

        Args:
            candidate: the article. Candidates come in ascending sequence, apart from redeliveries.
            matches: the matches that the earlier shards found.

        Returns:
            The matches to carry on, the decision of the last shard, the records to persist and the
            articles to drop at other shards. If the article was taken down, `is_withdrawn` is set
            and there is no decision.

        Raises:
            OverflowError: the index has no row left.
            ValueError: a URL or an id has more than 65,535 bytes.
        """
        if self._policy is not None and self._policy.is_withdrawn(candidate):
            return self._reject_withdrawn(candidate)
        decision, is_stored = None, False
        if self._policy is not None:
            decision, is_stored = self._policy.repeated(candidate)
        known = decision is not None
        before = self._index.text_of(candidate.id) if self._policy is None else None
        found: list[Match] = []
        if not known:
            found = self._index.matches(candidate.signature, before=candidate.sequence)
        carried = [*matches, *found]
        if self._policy is not None and decision is None:
            decision = self._policy.decide(candidate, carried)
        is_tentative = decision is None and any(one.id != candidate.id for one in found)
        writes = self._store(candidate, decision, known=known, tentative=is_tentative)
        if self._policy is not None and decision is not None and writes and not is_stored:
            self._policy.remember(decision)
        replaces_text = before is not None and before != self._index.text_of(candidate.id)
        deleted = self._advance_clock(candidate.event_time, writes)
        unpublished = [candidate.id] if decision is not None and not decision.is_published else []
        dropped = self._on_other_shards((*unpublished, *deleted))
        return ShardResult(
            matches=carried,
            decision=decision,
            writes=writes,
            dropped=dropped,
            replaces_text=replaces_text,
        )

    def withdraw(self, takedown: Takedown) -> Withdrawal:
        """Take articles down. Only the last shard can, in the sequence of candidates.

        Denials come before deletions in `writes`. If only a prefix is persisted, the redelivered
        takedown still finds the rest and deletes it.

        Args:
            takedown: what to withdraw.

        Returns:
            The ids that are withdrawn, the records to persist and the articles to delete at other
            shards.

        Raises:
            RuntimeError: this is not the last shard.
        """
        if self._policy is None:
            raise RuntimeError("only the last shard knows what is to be withdrawn")
        ids, denials = self._policy.withdraw(takedown)
        for article in ids:
            self._delete(article)
        writes: list[tuple[str, Record | None]] = [
            (key, Record(denial=denial)) for key, denial in denials.items()
        ]
        writes += [(article, None) for article in ids]
        return Withdrawal(ids=ids, writes=writes, dropped=self._on_other_shards(ids))

    def drop(self, article: str, until: int) -> Writes:
        """Drop an article that the last shard has no use for.

        Args:
            article: the article's id.
            until: the sequence of the candidate at which the last shard found this out. If the
                article has passed here again since, it will be decided again and is kept.

        Returns:
            The records that changed.
        """
        return [(article, None)] if self._index.discard(article, until=until) else []

    def apply(self, key: str, record: Record | None) -> None:
        """Apply one record that this shard wrote: the inverse of persisting `writes`.

        Records of one key come in the order of writing; of each key only the latest is needed. So
        a record of an article replaces all that the shard has of it. A decision or a denial is
        ignored before the last shard, and an entry is ignored if its bucket is closed.

        Args:
            key: the record's key: an article's id, `CLOCK`, or the key of a denial.
            record: the record; None deletes the article of this id.

        Raises:
            OverflowError: the index has no row left.
            ValueError: the key is no key of a denial, but the record holds one.
        """
        if record is None:
            self._delete(key)
            return
        if record.open_from is not None:
            self._clock.open_from = max(record.open_from, self._clock.open_from or record.open_from)
            self._expire()
        if record.denial is not None and self._policy is not None:
            self._policy.denied.add(key, record.denial)
        entry, decision = record.entry, record.decision
        if self._policy is not None and decision is not None:
            self._policy.remember(decision)
        elif self._policy is not None:
            self._policy.decisions.remove(key)
        self._index.discard(key)
        if entry is not None and self.is_open(entry.bucket):
            self._index.add(entry, tentative=record.tentative)

    def _reject_withdrawn(self, candidate: Candidate) -> ShardResult:
        """Delete an article that was taken down, should it be here; the clock moves on."""
        writes: list[tuple[str, Record | None]] = []
        if candidate.id in self._index:
            # A worker that was thought dead wrote it after the takedown.
            self._delete(candidate.id)
            writes.append((candidate.id, None))
        deleted = self._advance_clock(candidate.event_time, writes)
        dropped = self._on_other_shards((candidate.id, *deleted))
        return ShardResult(
            matches=(), decision=None, writes=writes, dropped=dropped, is_withdrawn=True
        )

    def _on_other_shards(self, articles: Iterable[str]) -> list[str]:
        """Those of the articles whose home is another shard; none before the last shard."""
        if self._policy is None:
            return []
        return [name for name in articles if home(name, self._shards) != self._number]

    def is_open(self, bucket: int) -> bool:
        """Whether entries of a bucket of event time are still kept here."""
        open_from = self._clock.open_from
        return open_from is None or bucket >= open_from - self._margin

    def known(self, keys: U64) -> Bools:
        """Whether the shard has an entry or a decision of each of many articles.

        Args:
            keys: ids as `key_of` gives them, uint64, shape (n, 2).

        Returns:
            Booleans, shape (n,).
        """
        known = self._index.known(keys)
        return known if self._policy is None else known | self._policy.decisions.known(keys)

    def add_all(self, decisions: DecisionBatch, entries: EntryBatch) -> None:
        """Apply many decisions and entries at once; the shard must not know the articles yet."""
        if self._policy is not None:
            self._policy.decisions.add_all(decisions)
        self._index.add_all(entries)

    def reserve(self, share: float) -> None:
        """Grow the hash table ahead of a restore.

        Args:
            share: the share of the records that is applied already, 0 to 1, not 0.
        """
        self._index.reserve(share)

    def _store(
        self, candidate: Candidate, decision: Decision | None, *, known: bool, tentative: bool
    ) -> list[tuple[str, Record | None]]:
        """Store the decision and the entry of an article; returns the records to persist."""
        entry = None
        if (decision is None or decision.is_published) and home(
            candidate.id, self._shards
        ) == self._number:
            entry = Entry.of(
                candidate.signature,
                article=candidate.id,
                sequence=candidate.sequence,
                bucket=self._clock.bucket(candidate.event_time)
                if decision is None
                else decision.bucket,
            )
            text = self._index.text_of(candidate.id)
            if not known or (text is not None and text[1] != candidate.signature.digest):
                # A match found here shows that its original is here too. The original must stay in
                # the hash table, so that the next copy finds it: a tentative entry evicts nothing.
                entry = self._index.add(entry, tentative=tentative)
                if entry is None:
                    # An earlier text is delivered again. That of the later text is written already.
                    return []
            elif decision is not None:
                # The record of a known article is written again, in case the first write was lost.
                sequence = decision.sequence if text is None else text[0]
                entry = dataclasses.replace(entry, sequence=sequence)
        if decision is None and entry is None:
            return []
        return [(candidate.id, Record(decision=decision, entry=entry, tentative=tentative))]

    def _advance_clock(
        self, event_time: float, writes: list[tuple[str, Record | None]]
    ) -> list[str]:
        """Move the clock on, and delete what is due.

        Args:
            event_time: seconds since the epoch.
            writes: the records to persist; the clock and the deletions are appended.

        Returns:
            The ids that were deleted.
        """
        if self._clock.advance(event_time):
            writes.append((CLOCK, Record(open_from=self._clock.open_from)))
            self._expire()
        due = [] if self._policy is None else self._policy.due()
        deleted = list(dict.fromkeys((*due, *self._evict())))
        for article in deleted:
            self._delete(article)
            writes.append((article, None))
        return deleted

    def _expire(self) -> None:
        """Expire the entries of closed buckets, with this shard's margin."""
        if self._clock.open_from is not None:
            self._index.expire(self._clock.open_from - self._margin)

    def _evict(self) -> list[str]:
        """Evict the oldest articles while a limit is exceeded; at most `MOST_DELETED_A_PAGE`."""
        evicted: list[str] = []
        while self._is_overfull() and len(evicted) < MOST_DELETED_A_PAGE:
            article = (
                self._index.oldest()
                if self._policy is None
                else next(self._policy.decisions.in_order(), None)
            )
            if article is None:
                break
            self._delete(article)
            self.evicted += 1
            evicted.append(article)
        return evicted

    def _is_overfull(self) -> bool:
        """Whether the content exceeds the memory bound, or the index has hardly a row left."""
        too_large = self._most_bytes is not None and self.content > self._most_bytes
        return too_large or self._index.is_full

    def _delete(self, article: str) -> None:
        """Delete the entry and the decision of an article."""
        self._index.discard(article)
        if self._policy is not None:
            self._policy.decisions.remove(article)
