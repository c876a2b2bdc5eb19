"""One shard: what it remembers of the articles that pass it, and the last one's decisions.

What must always hold here:

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

from cleanwire.batch import EntryBatch
from cleanwire.decide import FORGOTTEN_A_PAGE, Candidate, Clock, History, Window
from cleanwire.decided import Decided
from cleanwire.denied import Denial, Takedown
from cleanwire.facts import FactBatch
from cleanwire.index import KEY_CAP, MOST_ARTICLES, Entry, Index, Match, Thresholds
from cleanwire.keys import U64, Bools, key_of

Limit = Literal["articles", "bytes"]
"""What a shard may be full by: the rows of its index, or the memory that it is given."""

CLOCK = "clock"
"""The key of the record that says which buckets are open; no article's id."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a shard remembers under one key: a fact, an entry of the index, or both; time; a denial.

    `tentative` says how the entry was added to the index.
    """

    fact: Decided | None = None
    entry: Entry | None = None
    open_from: int | None = None
    tentative: bool = False
    denial: Denial | None = None


Writes = Sequence[tuple[str, Record | None]]
"""The records that changed, by their keys; None for a key that is forgotten."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one article did to a shard.

    Attributes:
        matches: what it carries on.
        fact: the decision; None before the last shard, and of an article that was taken down.
        writes: what changed.
        dropped: ids that other shards need not remember any more.
        is_withdrawn: whether the article was taken down before it came.
    """

    matches: Sequence[Match]
    fact: Decided | None
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
        self._history = History(self._clock) if number == shards - 1 else None
        # What is delivered again may come after time went on, and before the last shard it has
        # to find what it found: a bucket longer than the last shard lets it count.
        self._margin = 0 if self._history is not None else 1
        self.evicted = 0
        """How many articles were forgotten before their time, for want of memory."""

    def __len__(self) -> int:
        """The number of facts; 0 before the last shard."""
        return 0 if self._history is None else len(self._history.facts)

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
        return self._index.size + (0 if self._history is None else self._history.facts.size)

    @property
    def content(self) -> int:
        """Bytes that what is remembered takes, whatever was remembered before."""
        return self._index.content + (0 if self._history is None else self._history.facts.content)

    def take(self, candidate: Candidate, matches: Iterable[Match] = ()) -> Step:
        """Let an article pass, with the matches that it carries; remembers what is to be."""
        if self._history is not None and self._history.is_withdrawn(candidate):
            return self._refuse(candidate)
        fact = None if self._history is None else self._history.known(candidate.id)
        known = fact is not None
        found: list[Match] = []
        if not known:
            found = self._index.matches(candidate.signature, before=candidate.order)
        carried = [*matches, *found]
        if self._history is not None and fact is None:
            fact = self._history.decide(candidate, carried)
        writes = self._remember(
            candidate, fact, known=known, tentative=bool(found) and fact is None
        )
        forgotten = self._pass_time(candidate.event_time, writes)
        unpublished = [candidate.id] if fact is not None and not fact.is_published else []
        dropped = self._elsewhere((*unpublished, *forgotten))
        return Step(matches=carried, fact=fact, writes=writes, dropped=dropped)

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
        if record.fact is not None and self._history is not None:
            self._history.remember(record.fact)
        entry = record.entry
        if entry is not None and self.is_open(entry.bucket):
            self._index.add(entry, tentative=record.tentative)

    def _refuse(self, candidate: Candidate) -> Step:
        """What comes of an article that was taken down: it is nowhere, and time goes on."""
        writes: list[tuple[str, Record | None]] = []
        if candidate.id in self._index:
            # Written by a worker that was thought dead.
            self._forget(candidate.id)
            writes.append((candidate.id, None))
        forgotten = self._pass_time(candidate.event_time, writes)
        dropped = self._elsewhere((candidate.id, *forgotten))
        return Step(matches=(), fact=None, writes=writes, dropped=dropped, is_withdrawn=True)

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
        return known if self._history is None else known | self._history.facts.known(keys)

    def add_all(self, facts: FactBatch, entries: EntryBatch) -> None:
        """As `apply` does with records of articles of which nothing is known yet."""
        if self._history is not None:
            self._history.facts.add_all(facts)
        self._index.add_all(entries)

    def reserve(self, share: float) -> None:
        """Make room at once for what is to be read, after so large a share of it (0..1)."""
        self._index.reserve(share)

    def _remember(
        self, candidate: Candidate, fact: Decided | None, *, known: bool, tentative: bool
    ) -> list[tuple[str, Record | None]]:
        entry = None
        if (fact is None or fact.is_published) and home(candidate.id, self._shards) == self._number:
            entry = Entry.of(
                candidate.signature,
                article=candidate.id,
                order=candidate.order if fact is None else fact.order,
                bucket=self._clock.bucket(candidate.event_time) if fact is None else fact.bucket,
            )
            # A known one is written again, in case the first writing came to nothing.
            if not known:
                # What it copies stands here too, and has to be found by the next copy.
                entry = self._index.add(entry, tentative=tentative)
        if fact is not None and self._history is not None and not known:
            self._history.remember(fact)
        if fact is None and entry is None:
            return []
        return [(candidate.id, Record(fact=fact, entry=entry, tentative=tentative))]

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
        """The oldest that have to go for want of memory, `FORGOTTEN_A_PAGE` at most."""
        over: list[str] = []
        while self._is_over() and len(over) < FORGOTTEN_A_PAGE:
            article = (
                self._index.oldest()
                if self._history is None
                else next(self._history.facts.in_order(), None)
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
            self._history.facts.remove(article)
