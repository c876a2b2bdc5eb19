"""The conservation invariant as bookkeeping: every raw page has exactly one logical outcome.

Invariant: nothing is proved by counting. Each raw record is a line, identified by its partition
and offset. Every outcome and every page in flight is entered on the line that it names. A line
that stays blank is missing. A line with two different outcomes is double.

A redelivery enters the same outcome again, which is allowed. Three differences are allowed as well.
Any other outcome overrides a `time-limit` or `parser-crashed` rejection of the same record. A
`withdrawn` rejection overrides the outcome that the same article had before its takedown. A record
that is delivered again after its page was replayed may have the outcome of the replay. That outcome
is not older than the replay's raw record, apart from `CLOCKS`.

An offset names a record only together with the id of its topic. An outcome of a topic that was
deleted and made again proves nothing about the topic that replaced it, so such outcomes are
counted apart. A record that was deleted before it was read is not a missing one: the report
names such records by themselves.

Takedowns are checked too: an article that is rejected as withdrawn has a tombstone, and an article
that has a tombstone is not published again.
(Jepsen's queue checker defines a lost and a duplicated write in the same way.)
"""

import dataclasses
import math
from collections import Counter

from streams.kafka.outcome_topics import OutcomeTopic
from streams.kafka.topic_reader import CLOCKS

KINDS: tuple[OutcomeTopic, ...] = ("clean", "duplicate", "rejected")

OVERRIDDEN = frozenset({"time-limit", "parser-crashed"})
"""Reasons of rejections that may come out otherwise the next time: they depend on the moment, such
as the load of the machine, and not on the page alone."""

WITHDRAWN = "withdrawn"

LISTED = 20
"""A report names at most this many places of a kind."""

Place = tuple[int, int]
"""Partition and offset of a raw record."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOutcome:
    """What became of a raw record.

    Attributes:
        kind: the topic that the outcome is on.
        what: the article's id, or the reason of a rejection.
        detail: the revision of a clean article, or the kind of a duplicate.
        names: the id of the published article that a duplicate names.
        article: the id of the article that a withdrawn page was.
        at: the time of the outcome's record, in seconds since the epoch. Infinite where the
            record names its topic by id, because its time then does not matter.
        replays: of a replay, the name of its first original (`headers.Original`).
        original: the same as a place, if that is a record of the topic that the audit covers.
        appended: when the raw record was appended, in seconds since the epoch. Infinite where that
            is not known.
        written: the time of the outcome's record, in seconds since the epoch.
    """

    kind: OutcomeTopic
    what: str
    detail: str = ""
    names: str | None = None
    article: str | None = None
    at: float = dataclasses.field(default=math.inf, compare=False)
    replays: str | None = dataclasses.field(default=None, compare=False)
    original: Place | None = dataclasses.field(default=None, compare=False)
    appended: float = dataclasses.field(default=math.inf, compare=False)
    written: float = dataclasses.field(default=0.0, compare=False)

    def overrides(self, other: "LedgerOutcome") -> bool:
        """Whether this outcome may replace the other one of the same raw record."""
        if other.kind == "rejected":
            return other.is_of_the_moment and not self.is_of_the_moment
        return self.kind == "rejected" and self.what == WITHDRAWN and self.article == other.what

    @property
    def is_of_the_moment(self) -> bool:
        """Whether it is a rejection that may come out otherwise the next time."""
        return self.kind == "rejected" and self.what in OVERRIDDEN


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an audit found; `holds` says whether the conservation invariant holds.

    Attributes:
        raw: how many raw records there are from the retained start to the committed offset.
        replays: how many of them are replays of another one, as far as their outcomes say.
        waiting: how many raw records come after that and are not taken in yet.
        outcomes: how many raw records have each kind of outcome.
        in_flight: how many raw records have a candidate that is not decided yet.
        redelivered: how many outcomes repeat an earlier one of the same record.
        reasons: how many records were rejected, by reason.
        missing: the records without an outcome.
        double: the records with two different outcomes, and both outcomes.
        dangling: the duplicates that name no published article, each with the id that it names.
        withdrawn: how many articles have a tombstone.
        unexplained: the withdrawn pages whose article has no tombstone, each with the article's id.
        republished: the ids of articles that were published after their last tombstone.
        beyond: how many outcomes belong to records that are no longer retained.
        later: how many outcomes belong to records after those of the audit.
        predecessors: how many outcomes belong to records of a deleted topic of the same name.
        displaced: a line for each committed offset that does not count and is not replaced yet.
        unread: how many records were deleted before they were read, by partition.
    """

    raw: int
    replays: int
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
        """Whether every record could be read before it was deleted, as far as that is known."""
        return not self.displaced and not self.unread

    @property
    def holds(self) -> bool:
        """Whether nothing is missing, double, dangling, unexplained or republished."""
        broken = (self.missing, self.double, self.dangling, self.unexplained, self.republished)
        return not any(broken)


class Ledger:
    """The bookkeeping of one audit.

    The audit enters the raw records first, and then the outcomes in the order of their partitions.
    `report` may be called at any time.
    """

    def __init__(self) -> None:
        self._raw: set[Place] = set()
        self._waiting = 0
        self._outcomes: dict[Place, LedgerOutcome] = {}
        self._in_flight: set[Place] = set()
        self._published: set[str] = set()
        # For each article with a tombstone: whether the tombstone is its latest record.
        self._withdrawn: dict[str, bool] = {}
        self._double: list[tuple[Place, LedgerOutcome, LedgerOutcome]] = []
        # For replays and their originals: the name of the first original.
        self._replays: dict[Place, str] = {}
        self._originals: dict[Place, str] = {}
        self._redelivered = 0
        self._bounds: dict[int, tuple[int, int]] = {}
        self._predecessors = 0
        self._displaced: list[str] = []
        self._unread: dict[int, int] = {}

    def bounds(self, partition: int, start: int, end: int) -> None:
        """Enter every raw record of a partition that the audit covers.

        Args:
            partition: of the raw topic.
            start: the first offset.
            end: the offset after the last.
        """
        self._bounds[partition] = (start, end)
        for offset in range(start, end):
            self.raw((partition, offset))

    def displaced(self, line: str) -> None:
        """Enter a committed offset that does not count and that its group has not replaced yet.

        Args:
            line: which offset that is, and why it does not count, for people.
        """
        self._displaced.append(line)

    def unread(self, partition: int, count: int) -> None:
        """Enter records that were deleted before they were read.

        Args:
            partition: of the raw topic.
            count: how many records; added to those of earlier calls.
        """
        self._unread[partition] = self._unread.get(partition, 0) + count

    def raw(self, place: Place) -> None:
        """Enter a raw record before the committed offset."""
        self._raw.add(place)

    def strike(self, place: Place) -> None:
        """Remove a raw record: there is no record at this place after all."""
        self._raw.discard(place)

    def waiting(self, count: int) -> None:
        """Enter a number of raw records after the committed offset; calls add up."""
        self._waiting += count

    def in_flight(self, place: Place) -> None:
        """Enter that this raw record became a candidate that is not decided yet."""
        self._in_flight.add(place)

    def published(self, article: str) -> None:
        """Enter a record on `clean-articles` that publishes an article.

        Call this and `tombstone` in the order of the partition's records: the later of the two
        decides whether the article was republished.

        Args:
            article: the article's id.
        """
        self._published.add(article)
        if article in self._withdrawn:
            self._withdrawn[article] = False

    def tombstone(self, article: str) -> None:
        """Enter a record on `clean-articles` that withdraws an article.

        The article counts as published, because compaction may have removed its earlier record.

        Args:
            article: the article's id.
        """
        self._published.add(article)
        self._withdrawn[article] = True

    def outcome(self, place: Place, outcome: LedgerOutcome) -> None:
        """Enter an outcome on the line of the raw record that it names.

        Args:
            place: the raw record; it need not be one that the audit covers.
            outcome: what became of it. A second, different outcome makes the record double,
                unless one of the two overrides the other.
        """
        if outcome.kind == "clean":
            self.published(outcome.what)
        if outcome.replays is not None:
            self._replays[place] = outcome.replays
            if outcome.original is not None:
                self._originals[outcome.original] = outcome.replays
        before = self._outcomes.get(place)
        if before is None or outcome.overrides(before):
            self._outcomes[place] = outcome
        elif _same(before, outcome):
            self._redelivered += 1
        elif not before.overrides(outcome):
            self._double.append((place, before, outcome))

    def of_predecessor(self, outcome: LedgerOutcome) -> None:
        """Enter an outcome of a record of a deleted topic of the same name.

        It is counted apart. If it is a clean article, the article counts as published.
        """
        if outcome.kind == "clean":
            self.published(outcome.what)
        self._predecessors += 1

    @property
    def doubtful(self) -> list[Place]:
        """The covered records with two different outcomes, of which one may be a predecessor's."""
        return sorted({place for place, *_ in self._double if place in self._raw})

    def settle(self, place: Place, since: float) -> None:
        """Count only those outcomes of a record that are not older than the record.

        The others become outcomes of a predecessor.

        Args:
            place: a record with two outcomes.
            since: when the broker took the record in, in seconds since the epoch.

        Raises:
            KeyError: the record has no outcome.
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
        """Sum up everything that was entered.

        Returns:
            The report. Its lists are complete: `LISTED` bounds only what is printed of them.
        """
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
            replays=len(self._raw & self._replays.keys()),
            waiting=self._waiting,
            outcomes={kind: kinds[kind] for kind in KINDS},
            in_flight=len(open_places & self._in_flight),
            redelivered=self._redelivered,
            reasons=dict(reasons.most_common()),
            missing=sorted(open_places - self._in_flight),
            double=self._doubles(),
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

    def _doubles(self) -> list[tuple[Place, LedgerOutcome, LedgerOutcome]]:
        """The covered records with two outcomes of which no replay of the page explains one."""
        found = [entry for entry in self._double if entry[0] in self._raw]
        names = {place: self._page(place) for place, *_ in found}
        wanted = set(names.values()) - {None}
        others: dict[str | None, list[Place]] = {}
        for place, name in self._replays.items() if wanted else ():
            if name in wanted:
                others.setdefault(name, []).append(place)
        return [
            (place, one, other)
            for place, one, other in found
            if not any(
                self._explains(another, one, other)
                for another in others.get(names[place], ())
                if another != place
            )
        ]

    def _explains(self, place: Place, one: LedgerOutcome, other: LedgerOutcome) -> bool:
        """Whether the later of two outcomes of an article is that of a replay before it."""
        later = max(one, other, key=lambda outcome: outcome.written)
        outcome = self._outcomes.get(place)
        return (
            one.what == other.what
            and "rejected" not in {one.kind, other.kind}
            and outcome is not None
            and _same(later, outcome)
            and outcome.appended <= later.written + CLOCKS
        )

    def _page(self, place: Place) -> str | None:
        """The name of the first original of a record; None if its page was never replayed."""
        return self._replays.get(place) or self._originals.get(place)

    def _is_later(self, place: Place) -> bool:
        partition, offset = place
        # A partition without bounds was added after the cut.
        _, end = self._bounds.get(partition, (0, 0))
        return bool(self._bounds) and offset >= end


def _same(one: LedgerOutcome, other: LedgerOutcome) -> bool:
    if one.kind != other.kind or one.names != other.names or one.detail != other.detail:
        return False
    # A page may time out once and crash the parser the next time. That is one outcome.
    return one.what == other.what or {one.what, other.what} <= OVERRIDDEN
