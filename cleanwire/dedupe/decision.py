"""The fact of one decision.

Invariant: a fact is never changed; what a page became, it has become.
"""

import dataclasses
from typing import Literal

from cleanwire.events import DuplicateKind

DecisionKind = Literal["clean"] | DuplicateKind
DECISION_KINDS: tuple[DecisionKind, ...] = ("clean", "recrawl", "exact", "near", "excerpt")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The fact of one decision.

    Attributes:
        id: the article's.
        url_key: 16 bytes that stand for its normalised URL.
        digest: of its words.
        fetched: seconds since the epoch.
        bucket: of event time, in which it is remembered.
        sequence: its place among all candidates.
        outcome: "clean" for a published one, else the kind of duplicate.
        revision: counts a page's published texts from 1.
        named: the published article that it supersedes, if it is published, or duplicates.
        url: of the published article: its own, or that of the one it duplicates.
        similarity: 0..1, of duplicates.
    """

    id: str
    url_key: bytes
    digest: bytes
    fetched: float
    bucket: int
    sequence: int
    outcome: DecisionKind
    revision: int = 1
    named: str | None = None
    url: str = ""
    similarity: float = 1.0

    @property
    def is_published(self) -> bool:
        """Whether the article was published."""
        return self.outcome == "clean"

    @property
    def supersedes(self) -> str | None:
        """The published article that this one replaces."""
        return self.named if self.is_published else None

    @property
    def duplicate_of(self) -> str | None:
        """The published article that this one repeats."""
        return None if self.is_published else self.named

    @property
    def duplicate_of_url(self) -> str | None:
        """The URL of the published article that this one repeats."""
        return None if self.is_published else self.url
