"""The values that a check takes, and those that it finds.

Invariant: nothing is read or decided here. The terms are those of Jepsen's `total-queue` checker.
"""

import dataclasses
from collections.abc import Mapping
from typing import Literal

from streams.ops.ledger import OVERRIDDEN

Place = tuple[int, int]
"""Partition and offset of a raw record."""

Violation = Literal[
    "lost",
    "unexpected",
    "two outcomes",
    "outcomes of one id",
    "not as in batch",
    "candidate not as in batch",
    "rejection not as in batch",
    "names no earlier article",
    "no tombstone",
    "unreadable",
    "audit",
    "not at its end",
]

WHAT: Mapping[Violation, str] = {
    "lost": "acknowledged, or on raw-pages, and without an outcome",
    "unexpected": "an outcome or a raw record that nobody published, or not so",
    "two outcomes": "a raw record with two different outcomes",
    "outcomes of one id": "an article id with two different outcomes",
    "not as in batch": "an outcome that differs from the batch mode's",
    "candidate not as in batch": "a candidate that differs from what cleaning its page gives",
    "rejection not as in batch": "a rejection that differs from what cleaning its page gives",
    "names no earlier article": "a duplicate or a revision of what was not published before it",
    "no tombstone": "an article that was taken down, and of which clean-articles does not say so",
    "unreadable": "a record that is not what belongs on its topic",
    "audit": "what `cleanwire audit` finds",
    "not at its end": "the stream did not come to its end in time",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An outcome, or the result of cleaning alone.

    Attributes:
        kind: `clean`, a kind of duplicate, `rejected`, or `withdrawn`; `candidate` if cleaning
            alone gives an article.
        what: the article's id, or the reason of a rejection.
        digest: of the whole event without its source, or of the detail of a rejection.
        names: the id of the article that it is a duplicate of, or supersedes.
        similarity: the similarity of a duplicate, 0 to 1.
        revision: the revision of a clean article.
    """

    kind: str
    what: str
    digest: bytes
    names: str | None = None
    similarity: float | None = None
    revision: int | None = None

    @property
    def is_of_the_moment(self) -> bool:
        """Whether it is a rejection that may come out otherwise the next time."""
        return self.kind == "rejected" and self.what in OVERRIDDEN

    def __str__(self) -> str:
        parts = [self.kind, self.what]
        parts += [f"of {self.names}"] if self.names else []
        parts += [f"similarity {self.similarity}"] if self.similarity is not None else []
        parts += [f"revision {self.revision}"] if self.revision is not None else []
        return f"{' '.join(parts)} ({self.digest.hex()[:8]})"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check found. All numbers are counts.

    A passing rejection is one that may come out otherwise the next time (`is_of_the_moment`).

    Attributes:
        violations: violations of each kind.
        listed: the first violations of each kind, each in one line.
        attempted: sendings, including repeated ones.
        acknowledged: sendings that were acknowledged.
        unknown: sendings that failed; their records may be on the topic all the same.
        raw: records on `raw-pages`.
        lost: raw records without an outcome, acknowledged records that are not there, and events
            that were never acknowledged.
        unexpected: outcomes and raw records that nobody published.
        duplicated: outcomes that repeat the one of their raw record.
        recovered: raw records with an outcome whose sending was not acknowledged.
        outcomes: raw records of each kind of outcome.
        overridden: raw records with a lasting outcome and a passing rejection.
        of_the_moment: raw records with nothing but a passing rejection.
        compared: raw records whose outcome was compared with the batch mode's.
        takedowns: takedowns on `candidates`.
        candidates: articles in the order of decisions, without redelivered candidates.
        redelivered_candidates: candidates that repeat the one of their raw record.
        withdrawn: articles that were taken down.
        refused: raw records whose article or page was taken down before they were decided.
    """

    violations: dict[str, int]
    listed: dict[str, list[str]]
    attempted: int
    acknowledged: int
    unknown: int
    raw: int
    lost: int
    unexpected: int
    duplicated: int
    recovered: int
    outcomes: dict[str, int]
    overridden: int
    of_the_moment: int
    compared: int
    takedowns: int
    candidates: int
    redelivered_candidates: int
    withdrawn: int
    refused: int

    @property
    def holds(self) -> bool:
        """Whether there is no violation."""
        return not self.violations
