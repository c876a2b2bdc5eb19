"""What the index answers: which earlier article matches, and how.

Invariant: a match says nothing of whether its article was published. The policy asks that.
"""

import dataclasses
from typing import Literal

MatchKind = Literal["exact", "near", "excerpt"]
KINDS: tuple[MatchKind, ...] = ("exact", "near", "excerpt")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An earlier article that tells the same story.

    Attributes:
        id: the id of the article, or the hash that stands for it (`key_table.key_of`) in hex; a
            decision table finds the decision by either.
        kind: how it matches.
        similarity: the Jaccard estimate for `near`, the containment estimate for `excerpt`, 1 for
            `exact`.
    """

    id: str
    kind: MatchKind
    similarity: float
