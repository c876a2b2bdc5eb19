"""The conservation law, as bookkeeping: every raw page has exactly one logical outcome.

Invariant: nothing is proved by counting. Each raw record is a line, by partition and
offset, and every outcome and every page in flight is entered on the line it names; what
is left blank is missing, and what has two different outcomes is double.

A redelivery enters the same outcome again, which is fine. Two differences are allowed: every
other outcome overrides a `time-limit` or `parser-crashed` rejection of its record, and a
`withdrawn` rejection overrides whatever became of the same article before it was taken down.

An offset names a record only together with the id of its topic: outcomes of a topic that was
deleted and made again are told from those of its successor, and prove nothing about it. What was
deleted before it was read is no page without an outcome; it is named by itself.

A takedown is held to its word too: an article that is rejected as withdrawn has a tombstone, and
an article that has one is not published again.
(Jepsen's queue checker defines what a lost and what a duplicated write is.)
"""

import dataclasses
import math
from collections import Counter
from typing import Literal

Kind = Literal["clean", "duplicate", "rejected"]
KINDS: tuple[Kind, ...] = ("clean", "duplicate", "rejected")

OVERRIDDEN = frozenset({"time-limit", "parser-crashed"})
"""Rejections that say more of the moment than of the page."""

WITHDRAWN = "withdrawn"

LISTED = 20
"""A report names at most so many places of a kind."""

Place = tuple[int, int]
"""Partition and offset of a raw record."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOutcome:
    """What became of a raw record.

    `what` is the article id, or the reason of a rejection; `detail` tells revisions and kinds
    apart; `names` is the published article that a duplicate names; `article` is the one that a
    withdrawn page was. `at` is the time of the outcome's record, in seconds since the epoch, where
    it matters.
    """

    kind: Kind
    what: str
    detail: str = ""
    names: str | None = None
    article: str | None = None
    at: float = dataclasses.field(default=math.inf, compare=False)

    def overrides(self, other: "LedgerOutcome") -> bool:
        """Whether this outcome may replace the other one of the same record."""
        if other.kind == "rejected":
            return other.is_of_the_moment and not self.is_of_the_moment
        return self.kind == "rejected" and self.what == WITHDRAWN and self.article == other.what

    @property
    def is_of_the_moment(self) -> bool:
        """Whether it is a rejection that says more of the moment than of the page."""
        return self.kind == "rejected" and self.what in OVERRIDDEN


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an audit found; `holds` is the law.

    Attributes:
        raw: raw records from the retained start to the committed offset.
        waiting: raw records after that, not taken in yet.
        outcomes: raw records by their outcome.
        in_flight: raw records whose candidate is not decided yet.
        redelivered: outcomes that repeat an earlier one of the same record.
        reasons: rejected records by reason.
        missing: records without outcome.
        double: records with two different outcomes, and which.
        dangling: duplicates that name no published article, by the id they name.
        withdrawn: articles with a tombstone.
        unexplained: withdrawn pages whose article has none, by its id.
        republished: articles that were published after their last tombstone.
        beyond: outcomes of records that are no longer retained.
        later: outcomes of records after those that the audit is about.
        predecessors: outcomes of records of a topic of the same name that was deleted.
        displaced: a line for each committed offset that does not count, and was not replaced yet.
        unread: records that were deleted before they were read, by partition.
    """

    raw: int
    waiting: int
    outcomes: dict[str, int]
    in_flight: int
    redelivered: int
    reasons: dict[str, int]
    missing: list[Place]
    double: list[tuple[Place, LedgerOutcome, LedgerOutcome]]
    dangling: list[tuple[Place, str]]
    withdrawn: int
    unexplained: list[tuple[Place, str]]
    republished: list[str]
    beyond: int
    later: int
    predecessors: int
    displaced: list[str]
    unread: dict[int, int]

    @property
    def is_whole(self) -> bool:
        """Whether all that was ever there could be read, as far as that is known."""
        return not self.displaced and not self.unread

    @property
    def holds(self) -> bool:
        """Nothing is missing, double or back, and everything that is named was published."""
        broken = (self.missing, self.double, self.dangling, self.unexplained, self.republished)
        return not any(broken)


class Ledger:
    """One audit's bookkeeping."""

    def __init__(self) -> None:
        self._raw: set[Place] = set()
        self._waiting = 0
        self._outcomes: dict[Place, LedgerOutcome] = {}
        self._in_flight: set[Place] = set()
        self._published: set[str] = set()
        # By article, whether the tombstone is the last that was said of it.
        self._withdrawn: dict[str, bool] = {}
        self._double: list[tuple[Place, LedgerOutcome, LedgerOutcome]] = []
        self._redelivered = 0
        self._bounds: dict[int, tuple[int, int]] = {}
        self._predecessors = 0
        self._displaced: list[str] = []
        self._unread: dict[int, int] = {}

    def bounds(self, partition: int, start: int, end: int) -> None:
        """The audit is about the records of a partition from one offset up to another."""
        self._bounds[partition] = (start, end)
        for offset in range(start, end):
            self.raw((partition, offset))

    def displaced(self, said: str) -> None:
        """What a group committed does not count, and it has not gone on yet."""
        self._displaced.append(said)

    def unread(self, partition: int, count: int) -> None:
        """So many records of a partition were deleted before they were read."""
        self._unread[partition] = self._unread.get(partition, 0) + count

    def raw(self, place: Place) -> None:
        """A raw record up to the committed offset."""
        self._raw.add(place)

    def strike(self, place: Place) -> None:
        """There is no record at this place after all."""
        self._raw.discard(place)

    def waiting(self, count: int) -> None:
        """So many raw records lie after the committed offset."""
        self._waiting += count

    def in_flight(self, place: Place) -> None:
        """A candidate that is not decided yet came of this record."""
        self._in_flight.add(place)

    def published(self, article: str) -> None:
        """An article id that stands on `clean-articles`, in the order of its partition."""
        self._published.add(article)
        if article in self._withdrawn:
            self._withdrawn[article] = False

    def tombstone(self, article: str) -> None:
        """An article id that was taken down: it stood there, whether that is still to be seen."""
        self._published.add(article)
        self._withdrawn[article] = True

    def outcome(self, place: Place, outcome: LedgerOutcome) -> None:
        """An outcome that names this raw record."""
        if outcome.kind == "clean":
            self.published(outcome.what)
        before = self._outcomes.get(place)
        if before is None or outcome.overrides(before):
            self._outcomes[place] = outcome
        elif _same(before, outcome):
            self._redelivered += 1
        elif not before.overrides(outcome):
            self._double.append((place, before, outcome))

    def of_predecessor(self, outcome: LedgerOutcome) -> None:
        """An outcome of a record of a topic of the same name that was deleted."""
        if outcome.kind == "clean":
            self.published(outcome.what)
        self._predecessors += 1

    @property
    def doubtful(self) -> list[Place]:
        """Records with two outcomes, of which one may be a predecessor's."""
        return sorted({place for place, *_ in self._double if place in self._raw})

    def settle(self, place: Place, since: float) -> None:
        """Count only those of a record's outcomes that came after it.

        Args:
            place: of a record with two outcomes.
            since: when the bus took it in, in seconds since the epoch.
        """
        entries = [entry for entry in self._double if entry[0] == place]
        before = [entry[1] for entry in entries] + [entry[2] for entry in entries]
        outcomes = list(dict.fromkeys((self._outcomes[place], *before)))
        counting = [outcome for outcome in outcomes if outcome.at >= since]
        if len(counting) == len(outcomes):
            return
        self._double = [entry for entry in self._double if entry[0] != place]
        self._predecessors += len(outcomes) - len(counting)
        del self._outcomes[place]
        for outcome in counting:
            self.outcome(place, outcome)

    def report(self) -> Report:
        """The account of everything entered."""
        settled = {place: self._outcomes[place] for place in self._raw & self._outcomes.keys()}
        open_places = self._raw - settled.keys()
        kinds = Counter(outcome.kind for outcome in settled.values())
        reasons = Counter(
            outcome.what for outcome in settled.values() if outcome.kind == "rejected"
        )
        dangling = [
            (place, outcome.names)
            for place, outcome in settled.items()
            if outcome.names is not None and outcome.names not in self._published
        ]
        unexplained = [
            (place, outcome.article or "")
            for place, outcome in settled.items()
            if outcome.what == WITHDRAWN and outcome.article not in self._withdrawn
        ]
        later = sum(map(self._is_later, self._outcomes.keys() - settled.keys()))
        return Report(
            raw=len(self._raw),
            waiting=self._waiting,
            outcomes={kind: kinds[kind] for kind in KINDS},
            in_flight=len(open_places & self._in_flight),
            redelivered=self._redelivered,
            reasons=dict(reasons.most_common()),
            missing=sorted(open_places - self._in_flight),
            double=[entry for entry in self._double if entry[0] in self._raw],
            dangling=sorted(dangling),
            withdrawn=len(self._withdrawn),
            unexplained=sorted(unexplained),
            republished=sorted(name for name, last in self._withdrawn.items() if not last),
            beyond=len(self._outcomes) - len(settled) - later,
            later=later,
            predecessors=self._predecessors,
            displaced=list(self._displaced),
            unread=dict(self._unread),
        )

    def _is_later(self, place: Place) -> bool:
        partition, offset = place
        # A partition that the audit does not know has been added since.
        _, end = self._bounds.get(partition, (0, 0))
        return bool(self._bounds) and offset >= end


def _same(one: LedgerOutcome, other: LedgerOutcome) -> bool:
    if one.kind != other.kind or one.names != other.names or one.detail != other.detail:
        return False
    # The same page may time out once and crash the parser the next time: one fate of its own.
    return one.what == other.what or {one.what, other.what} <= OVERRIDDEN
