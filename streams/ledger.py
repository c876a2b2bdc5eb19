"""The conservation law, as bookkeeping: every raw page has exactly one logical outcome.

The rule here: nothing is proved by counting. Each raw record is a line, by partition and
offset, and every outcome and every page in flight is entered on the line it names; what
is left blank is missing, and what has two different outcomes is double.

A redelivery enters the same outcome again, which is fine. Two differences are allowed: every
other outcome overrides a `time-limit` or `parser-crashed` rejection of its record, and a
`withdrawn` rejection overrides whatever became of the same article before it was taken down.

A takedown is held to its word too: an article that is rejected as withdrawn has a tombstone, and
an article that has one is not published again.
(Jepsen's queue checker defines what a lost and what a duplicated write is.)
"""

import dataclasses
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
class Outcome:
    """What became of a raw record.

    `what` is the article id, or the reason of a rejection; `detail` tells revisions and kinds
    apart; `names` is the published article that a duplicate names; `article` is the one that a
    withdrawn page was.
    """

    kind: Kind
    what: str
    detail: str = ""
    names: str | None = None
    article: str | None = None

    def overrides(self, other: "Outcome") -> bool:
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
    """

    raw: int
    waiting: int
    outcomes: dict[str, int]
    in_flight: int
    redelivered: int
    reasons: dict[str, int]
    missing: list[Place]
    double: list[tuple[Place, Outcome, Outcome]]
    dangling: list[tuple[Place, str]]
    withdrawn: int
    unexplained: list[tuple[Place, str]]
    republished: list[str]
    beyond: int

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
        self._outcomes: dict[Place, Outcome] = {}
        self._in_flight: set[Place] = set()
        self._published: set[str] = set()
        # By article, whether the tombstone is the last that was said of it.
        self._withdrawn: dict[str, bool] = {}
        self._double: list[tuple[Place, Outcome, Outcome]] = []
        self._redelivered = 0

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

    def outcome(self, place: Place, outcome: Outcome) -> None:
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
            beyond=len(self._outcomes) - len(settled),
        )


def _same(one: Outcome, other: Outcome) -> bool:
    if one.kind != other.kind or one.names != other.names or one.detail != other.detail:
        return False
    # The same page may time out once and crash the parser the next time: one fate of its own.
    return one.what == other.what or {one.what, other.what} <= OVERRIDDEN
