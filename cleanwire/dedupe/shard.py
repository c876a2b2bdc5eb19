"""One shard: what it remembers of the articles that pass it, and the last one's decisions.

Invariants:

- Every article passes the shards 0 to N - 1 in one order. Each looks it up among what it
  remembers, and adds what it finds to the matches that the article carries. The article is
  remembered at one shard only, `home(id, N)`, as it passes. The last shard decides, by all the
  matches and the facts, which it alone has.
- A shard remembers at least every article of its own that was published and is in the window.
  What it remembers beyond that does no harm (`decide` says why), so it may be told late, or
  never, that an article was dropped.
- Everything that changes a shard is a `Record` by a key. A shard that is fed its records in
  order (of a key only the latest) is the shard that wrote them.

With one shard all of this is one memory that decides strictly: first seen wins.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Literal

from cleanwire.dedupe.decision import Decision
from cleanwire.dedupe.decision_table import DecisionBatch
from cleanwire.dedupe.denylist import Denial, Takedown
from cleanwire.dedupe.policy import MOST_DELETED_A_PAGE, Candidate, Clock, DedupePolicy, Window
from cleanwire.similarity.entry_batch import EntryBatch
from cleanwire.similarity.index import KEY_CAP, MOST_ARTICLES, Entry, Index, Match, Thresholds
from cleanwire.similarity.key_table import U64, Bools, key_of

Limit = Literal["articles", "bytes"]
"""What a shard may be full by: the rows of its index, or the memory that it is given."""

CLOCK = "clock"
"""The key of the record that says which buckets are open; no article's id."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a shard remembers under one key: a fact, an entry of the index, or both; time; a denial.

    `tentative` says how the entry was added to the index.
    """

    decision: Decision | None = None
    entry: Entry | None = None
    open_from: int | None = None
    tentative: bool = False
    denial: Denial | None = None


Writes = Sequence[tuple[str, Record | None]]
"""The records that changed, by their keys; None for a key that is forgotten."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ShardResult:
    """What one article did to a shard.

    Attributes:
        matches: what it carries on.
        fact: the decision; None before the last shard, and of an article that was taken down.
        writes: what changed.
        dropped: ids that other shards need not remember any more.
        is_withdrawn: whether the article was taken down before it came.
    """

    matches: Sequence[Match]
    decision: Decision | None
    writes: Writes
    dropped: Sequence[str]
    is_withdrawn: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What a takedown did to the last shard.

    Attributes:
        ids: of the articles that are withdrawn.
        writes: what changed.
        dropped: ids that other shards must not remember any more.
    """

    ids: Sequence[str]
    writes: Writes
    dropped: Sequence[str]


def home(article: str, shards: int) -> int:
    """The shard that remembers an article."""
    return int.from_bytes(key_of(article)[:8], "big") % shards


class Shard:
    """The memory of one shard.

    Args:
        number: 0 to `shards` - 1. Where there is more than one, ids are 32 hexadecimal digits.
        shards: how many there are.
        window: for how long what is remembered.
        thresholds: when two texts are one story.
        most_bytes: beyond so much content the oldest is forgotten; None for no bound.
        cap: so many articles at most are found by one sample hash.
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
        self._history = DedupePolicy(self._clock) if number == shards - 1 else None
        # What is delivered again may come after time went on, and before the last shard it has
        # to find what it found: a bucket longer than the last shard lets it count.
        self._margin = 0 if self._history is not None else 1
        self.evicted = 0
        """How many articles were forgotten before their time, for want of memory."""

    def __len__(self) -> int:
        """The number of facts; 0 before the last shard."""
        return 0 if self._history is None else len(self._history.decisions)

    @property
    def articles(self) -> int:
        """The number of articles that later pages are matched against here."""
        return len(self._index)

    @property
    def fill(self) -> dict[Limit, float]:
        """How full the shard is, of each of its limits; at 1 it forgets the oldest article."""
        found: dict[Limit, float] = {"articles": len(self._index) / MOST_ARTICLES}
        if self._most_bytes is not None:
            found["bytes"] = self.content / self._most_bytes
        return found

    @property
    def size(self) -> int:
        """Bytes of all tables."""
        return self._index.size + (0 if self._history is None else self._history.decisions.size)

    @property
    def content(self) -> int:
        """Bytes that what is remembered takes, whatever was remembered before."""
        return self._index.content + (
            0 if self._history is None else self._history.decisions.content
        )

    def take(self, candidate: Candidate, matches: Iterable[Match] = ()) -> ShardResult:
        """Let an article pass, with the matches that it carries; remembers what is to be."""
        if self._history is not None and self._history.is_withdrawn(candidate):
            return self._refuse(candidate)
        decision = None if self._history is None else self._history.known(candidate.id)
        known = decision is not None
        found: list[Match] = []
        if not known:
            found = self._index.matches(candidate.signature, before=candidate.sequence)
        carried = [*matches, *found]
        if self._history is not None and decision is None:
            decision = self._history.decide(candidate, carried)
        writes = self._remember(
            candidate, decision, known=known, tentative=bool(found) and decision is None
        )
        forgotten = self._pass_time(candidate.event_time, writes)
        unpublished = [candidate.id] if decision is not None and not decision.is_published else []
        dropped = self._elsewhere((*unpublished, *forgotten))
        return ShardResult(matches=carried, decision=decision, writes=writes, dropped=dropped)

    def withdraw(self, takedown: Takedown) -> Withdrawal:
        """Take articles down; to be asked of the last shard, in the order of candidates.

        What it remembers stands before what it forgets, so that whoever is told half of it and
        is asked again forgets the rest.

        Raises:
            RuntimeError: it is not the last shard.
        """
        if self._history is None:
            raise RuntimeError("only the last shard knows what is to be withdrawn")
        ids, denials = self._history.withdraw(takedown)
        for article in ids:
            self._forget(article)
        writes: list[tuple[str, Record | None]] = [
            (key, Record(denial=denial)) for key, denial in denials.items()
        ]
        writes += [(article, None) for article in ids]
        return Withdrawal(ids=ids, writes=writes, dropped=self._elsewhere(ids))

    def drop(self, article: str, until: int) -> Writes:
        """The last shard has no use for this article here; returns what changed.

        Args:
            article: which one.
            until: the order of the candidate that it found this at. If the article has passed
                here again since, it will be decided again.
        """
        return [(article, None)] if self._index.discard(article, until=until) else []

    def apply(self, key: str, record: Record | None) -> None:
        """Take in what a shard wrote."""
        if record is None:
            self._forget(key)
            return
        if record.open_from is not None:
            self._clock.open_from = max(record.open_from, self._clock.open_from or record.open_from)
            self._expire()
        if record.denial is not None and self._history is not None:
            self._history.denied.add(key, record.denial)
        if record.decision is not None and self._history is not None:
            self._history.remember(record.decision)
        entry = record.entry
        if entry is not None and self.is_open(entry.bucket):
            self._index.add(entry, tentative=record.tentative)

    def _refuse(self, candidate: Candidate) -> ShardResult:
        """What comes of an article that was taken down: it is nowhere, and time goes on."""
        writes: list[tuple[str, Record | None]] = []
        if candidate.id in self._index:
            # Written by a worker that was thought dead.
            self._forget(candidate.id)
            writes.append((candidate.id, None))
        forgotten = self._pass_time(candidate.event_time, writes)
        dropped = self._elsewhere((candidate.id, *forgotten))
        return ShardResult(
            matches=(), decision=None, writes=writes, dropped=dropped, is_withdrawn=True
        )

    def _elsewhere(self, articles: Iterable[str]) -> list[str]:
        """Those of them that another shard remembers; the last one alone says so."""
        if self._history is None:
            return []
        return [name for name in articles if home(name, self._shards) != self._number]

    def is_open(self, bucket: int) -> bool:
        """Whether entries of a bucket of event time are still matched against."""
        open_from = self._clock.open_from
        return open_from is None or bucket >= open_from - self._margin

    def known(self, keys: U64) -> Bools:
        """Of each of many ids, as `key_of` has them, shape (n, 2), whether anything is known."""
        known = self._index.known(keys)
        return known if self._history is None else known | self._history.decisions.known(keys)

    def add_all(self, decisions: DecisionBatch, entries: EntryBatch) -> None:
        """As `apply` does with records of articles of which nothing is known yet."""
        if self._history is not None:
            self._history.decisions.add_all(decisions)
        self._index.add_all(entries)

    def reserve(self, share: float) -> None:
        """Make room at once for what is to be read, after so large a share of it (0..1)."""
        self._index.reserve(share)

    def _remember(
        self, candidate: Candidate, decision: Decision | None, *, known: bool, tentative: bool
    ) -> list[tuple[str, Record | None]]:
        entry = None
        if (decision is None or decision.is_published) and home(
            candidate.id, self._shards
        ) == self._number:
            entry = Entry.of(
                candidate.signature,
                article=candidate.id,
                sequence=candidate.sequence if decision is None else decision.sequence,
                bucket=self._clock.bucket(candidate.event_time)
                if decision is None
                else decision.bucket,
            )
            # A known one is written again, in case the first writing came to nothing.
            if not known:
                # What it copies stands here too, and has to be found by the next copy.
                entry = self._index.add(entry, tentative=tentative)
        if decision is not None and self._history is not None and not known:
            self._history.remember(decision)
        if decision is None and entry is None:
            return []
        return [(candidate.id, Record(decision=decision, entry=entry, tentative=tentative))]

    def _pass_time(self, event_time: float, writes: list[tuple[str, Record | None]]) -> list[str]:
        """Move the clock on, and forget what is due; returns what was forgotten."""
        if self._clock.advance(event_time):
            writes.append((CLOCK, Record(open_from=self._clock.open_from)))
            self._expire()
        due = [] if self._history is None else self._history.due()
        forgotten = list(dict.fromkeys((*due, *self._over())))
        for article in forgotten:
            self._forget(article)
            writes.append((article, None))
        return forgotten

    def _expire(self) -> None:
        if self._clock.open_from is not None:
            self._index.expire(self._clock.open_from - self._margin)

    def _over(self) -> list[str]:
        """The oldest that have to go for want of memory, `MOST_DELETED_A_PAGE` at most."""
        over: list[str] = []
        while self._is_over() and len(over) < MOST_DELETED_A_PAGE:
            article = (
                self._index.oldest()
                if self._history is None
                else next(self._history.decisions.in_order(), None)
            )
            if article is None:
                break
            self._forget(article)
            self.evicted += 1
            over.append(article)
        return over

    def _is_over(self) -> bool:
        too_large = self._most_bytes is not None and self.content > self._most_bytes
        return too_large or self._index.is_full

    def _forget(self, article: str) -> None:
        self._index.discard(article)
        if self._history is not None:
            self._history.decisions.remove(article)
