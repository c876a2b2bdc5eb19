"""One decision: what became of one article.

Invariant: a decision is never changed once it is made.
"""

import dataclasses
from typing import Literal

from cleanwire.events import DuplicateKind

DecisionKind = Literal["clean"] | DuplicateKind
DECISION_KINDS: tuple[DecisionKind, ...] = ("clean", "recrawl", "exact", "near", "excerpt")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of one article.

    Attributes:
        id: the article's id.
        url_key: 16 bytes that stand for the article's normalised URL.
        digest: 8 bytes over the article's words (`Signature.digest`).
        fetched: when the page was fetched, in seconds since the epoch.
        bucket: the bucket of event time that the decision is stored in.
        sequence: the position of the article's candidate among all candidates.
        outcome: "clean" for a published article, else the kind of duplicate.
        revision: the number of the published text of its URL, from 1.
        referenced_id: the published article that this one supersedes (if it is published) or
            duplicates.
        url: a URL of the published article: its own, or that of the article it duplicates.
        similarity: 0 to 1, for duplicates.
    """

    id: str
    url_key: bytes
    digest: bytes
    fetched: float
    bucket: int
    sequence: int
    outcome: DecisionKind
    revision: int = 1
    referenced_id: str | None = None
    url: str = ""
    similarity: float = 1.0

    @property
    def is_published(self) -> bool:
        """Whether the article was published."""
        return self.outcome == "clean"

    @property
    def supersedes(self) -> str | None:
        """The id of the published article that this one replaces."""
        return self.referenced_id if self.is_published else None

    @property
    def duplicate_of(self) -> str | None:
        """The id of the published article that this one repeats."""
        return None if self.is_published else self.referenced_id

    @property
    def duplicate_of_url(self) -> str | None:
        """The URL of the published article that this one repeats."""
        return None if self.is_published else self.url
