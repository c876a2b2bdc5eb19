"""Compares what was published, decided and read with what must hold.

Invariant: nothing is proved by counting, and missing evidence never passes. Everything that is read
is entered under the raw record that it concerns. It is a violation if something that must be there
is missing, and if something is there that must not be. The first `LISTED` violations of each kind
are named.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cleanwire.errors import TimeLimit
from faultrun.terms import Place, Told, Verdict, Violation

LISTED = 20


class Checker:
    """The bookkeeping of one check: enter everything, in any order, then ask for the verdict.

    Args:
        events: how many events, numbered from 0, were to be published.
    """

    def __init__(self, *, events: int = 0) -> None:
        self._events = events
        self._acknowledged: dict[Place, int] = {}
        self._overwritten: list[str] = []
        self._moments = 0
        self._unknown = 0
        self._raw: dict[Place, int | None] = {}
        self._cleaned: dict[Place, Told] = {}
        self._candidates: dict[Place, Told] = {}
        self._order: dict[str, int] = {}
        self._expected: dict[str, Told] = {}
        self._outcomes: dict[Place, list[Told]] = defaultdict(list)
        self._published: set[str] = set()
        self._withdrawn: set[str] = set()
        self._tombstones: set[str] = set()
        self._takedowns = 0
        self._refused: set[Place] = set()
        self._counts: Counter[Violation] = Counter()
        self._listed: dict[Violation, list[str]] = defaultdict(list)
        self._duplicated = 0
        self._again = 0

    def acknowledged(self, place: Place, event: int) -> None:
        """Enter that a publisher got an acknowledgement of this event at this place."""
        before = self._acknowledged.setdefault(place, event)
        if before != event:
            # A broker lost the first event and gave its offset to the second.
            self._overwritten.append(
                f"events {before} and {event} were both acknowledged at {_at(place)}"
            )

    def unknown(self, count: int) -> None:
        """Enter sendings that failed; their records may be on the topic all the same."""
        self._unknown += count

    def raw(self, place: Place, event: int | None, cleaned: Told) -> None:
        """Enter a record of `raw-pages`.

        Args:
            place: its partition and offset.
            event: the number of the event that it is, byte for byte; None if it is no event.
            cleaned: the result of cleaning it in the batch mode.
        """
        self._raw[place] = event
        self._cleaned[place] = cleaned

    def candidate(self, place: Place, order: int, cleaned: Told) -> bool:
        """Enter a candidate on the first partition of `candidates`.

        Args:
            place: the raw record that it names.
            order: its offset, which is its sequence.
            cleaned: the candidate.

        Returns:
            Whether it is the first one of its raw record.
        """
        if place in self._candidates:
            self._again += 1
            if self._candidates[place] != cleaned:
                self.violation(
                    "candidate not as in batch",
                    f"{_at(place)} has two: {self._candidates[place]} and {cleaned}",
                )
            return False
        self._candidates[place] = cleaned
        self._order.setdefault(cleaned.what, order)
        return True

    def takedown(self, articles: Iterable[str]) -> None:
        """Enter a takedown on `candidates`, with the articles that the batch mode withdraws."""
        self._takedowns += 1
        self._withdrawn.update(articles)

    def stopped(self, pages: int) -> None:
        """Enter pages that were in processes which were stopped for longer than the time limit."""
        self._moments += pages

    def refused(self, place: Place) -> None:
        """Enter a raw record whose article or page was taken down before its first candidate."""
        self._refused.add(place)

    def tombstone(self, article: str) -> None:
        """Enter a tombstone on `clean-articles`.

        The article counts as published, because compaction may have removed its earlier record.
        """
        self._published.add(article)
        self._tombstones.add(article)

    def expected(self, outcome: Told) -> None:
        """Enter the batch mode's outcome of an article at its first candidate."""
        self._expected[outcome.what] = outcome

    def outcome(self, place: Place, outcome: Told) -> None:
        """Enter a record of an outcome topic, with the raw record that it names."""
        if outcome.kind == "clean":
            self._published.add(outcome.what)
        entered = self._outcomes[place]
        if not entered:
            entered.append(outcome)
        elif outcome in entered:
            self._duplicated += 1
        elif outcome.is_of_the_moment:
            # A record has one such rejection at most, whichever it is. Any other outcome overrides
            # it.
            if any(other.is_of_the_moment for other in entered):
                self._duplicated += 1
            else:
                entered.append(outcome)
        else:
            entered.append(outcome)

    def violation(self, kind: Violation, line: str) -> None:
        """Enter something that must not be, in one line."""
        self._counts[kind] += 1
        if len(self._listed[kind]) < LISTED:
            self._listed[kind].append(line)

    def verdict(self) -> Verdict:
        """Compare everything that was entered; call this once, at the end."""
        lost = list(self._lost())
        for line in lost:
            self.violation("lost", line)
        unexpected = list(self._unexpected())
        for line in unexpected:
            self.violation("unexpected", line)
        settled = dict(self._settle())
        compared = self._compare(settled)
        self._look_back(settled)
        beside = [p for p, told in self._outcomes.items() if any(t.is_of_the_moment for t in told)]
        moment = [p for p in beside if p in settled and settled[p].is_of_the_moment]
        for line in self._unexplained(moment):
            self.violation("rejection not as in batch", line)
        for article in sorted(self._withdrawn - self._tombstones):
            self.violation("no tombstone", article)
        return Verdict(
            violations={str(kind): count for kind, count in self._counts.items()},
            listed={str(kind): lines for kind, lines in self._listed.items()},
            attempted=len(self._acknowledged) + self._unknown,
            acknowledged=len(self._acknowledged),
            unknown=self._unknown,
            raw=len(self._raw),
            lost=len(lost),
            unexpected=len(unexpected),
            duplicated=self._duplicated,
            recovered=len(settled.keys() - self._acknowledged.keys()),
            outcomes=dict(sorted(Counter(told.kind for told in settled.values()).items())),
            overridden=len(beside) - len(moment),
            of_the_moment=len(moment),
            compared=compared,
            takedowns=self._takedowns,
            candidates=len(self._order),
            redelivered_candidates=self._again,
            withdrawn=len(self._withdrawn),
            refused=len(self._refused),
        )

    def _lost(self) -> Iterator[str]:
        for place, event in self._acknowledged.items():
            if place not in self._raw:
                yield f"event {event} was acknowledged at {_at(place)}, which is not there"
        yield from self._overwritten
        for event in sorted(set(range(self._events)) - set(self._acknowledged.values())):
            yield f"event {event} was acknowledged nowhere on raw-pages"
        for place in self._raw:
            told = self._outcomes.get(place, [])
            if place in self._candidates and all(one.is_of_the_moment for one in told):
                yield f"{_at(place)} has a candidate, and no outcome of it"
            elif not told:
                yield f"{_at(place)} has no outcome and no candidate"

    def _unexpected(self) -> Iterator[str]:
        for place, event in self._raw.items():
            told = self._acknowledged.get(place)
            if event is None:
                yield f"{_at(place)} is no event of this run"
            elif told is not None and told != event:
                yield f"{_at(place)} is event {event}, and was acknowledged as event {told}"
        for place, told in self._outcomes.items():
            if place not in self._raw:
                yield f"{told[0]} names {_at(place)}, which is not there"
        for place, cleaned in self._candidates.items():
            if place not in self._raw:
                yield f"the {cleaned} names {_at(place)}, which is not there"

    def _settle(self) -> Iterator[tuple[Place, Told]]:
        """The one outcome of each raw record that has any."""
        for place in self._raw:
            told = self._outcomes.get(place, [])
            lasting = [outcome for outcome in told if not outcome.is_of_the_moment]
            decided = [outcome for outcome in lasting if not self._is_replay(outcome, lasting)]
            if len(decided) > 1:
                self.violation("two outcomes", f"{_at(place)} has {' and '.join(map(str, told))}")
            if told:
                yield place, (decided or lasting or told)[0]

    def _is_replay(self, outcome: Told, beside: list[Told]) -> bool:
        """Whether the outcome is the rejection of a page that came again after its takedown."""
        return (
            outcome.kind == "withdrawn"
            and outcome.what in self._withdrawn
            and any(other.what == outcome.what and other is not outcome for other in beside)
        )

    def _unexplained(self, places: Sequence[Place]) -> Iterator[str]:
        """Time limits and crashes, as the only outcome of a page, that no fault explains."""
        # No page of a run crashes the parser or takes long. A time limit is explained by a process
        # that was stopped, one for each page in it.
        late = 0
        for place in places:
            (told,) = self._outcomes[place]
            late += told.what == TimeLimit.reason
            if told.what != TimeLimit.reason or late > self._moments:
                yield f"{_at(place)} was {told}, for which {self._moments} pages in hand account"

    def _compare(self, settled: Mapping[Place, Told]) -> int:
        by_id: dict[str, Told] = {}
        compared = 0
        for place, outcome in settled.items():
            cleaned = self._cleaned[place]
            candidate = self._candidates.get(place)
            if candidate is not None and candidate != cleaned:
                self.violation(
                    "candidate not as in batch", f"{_at(place)} gave {candidate}, not {cleaned}"
                )
            if outcome.is_of_the_moment:
                continue
            compared += 1
            if outcome.kind == "rejected":
                if outcome != cleaned:
                    self.violation(
                        "rejection not as in batch", f"{_at(place)} was {outcome}, not {cleaned}"
                    )
                continue
            if outcome.kind == "withdrawn" or place in self._refused:
                # An earlier decision may have been lost with its worker. The page is then decided
                # again after the takedown, and rejected as withdrawn.
                if not (
                    outcome.kind == "withdrawn"
                    and outcome.what == cleaned.what
                    and (place in self._refused or outcome.what in self._withdrawn)
                ):
                    self.violation(
                        "not as in batch",
                        f"{_at(place)} has {outcome}, which was taken down or not",
                    )
                continue
            first = by_id.setdefault(outcome.what, outcome)
            if first != outcome:
                self.violation(
                    "outcomes of one id", f"{_at(place)} has {outcome}, its like has {first}"
                )
            expected = self._expected.get(outcome.what)
            if cleaned.what != outcome.what or expected != outcome or candidate is None:
                self.violation(
                    "not as in batch", f"{_at(place)} has {outcome}, not {expected or cleaned}"
                )
        return compared

    def _look_back(self, settled: Mapping[Place, Told]) -> None:
        for place, outcome in settled.items():
            named = outcome.names
            if named is None:
                continue
            own, other = self._order.get(outcome.what), self._order.get(named)
            if other is None or own is None or other >= own:
                self.violation(
                    "names no earlier article",
                    f"{_at(place)} has {outcome}, whose order is {own}, and that one's {other}",
                )
            elif named not in self._published:
                self.violation(
                    "names no earlier article", f"{_at(place)} has {outcome}, not published"
                )


def _at(place: Place) -> str:
    return f"raw-pages partition {place[0]} offset {place[1]}"
