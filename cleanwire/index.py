"""Signatures seen in the window -> which earlier articles match, and how.

The rule here: an answer depends on what was added and on nothing else: not on the
time of asking, not on a seed. Only `decide` says what is added; the index never drops
an entry on its own, but a key that many articles share leads to the latest of them
(`KEY_CAP`), so that a template or a cookie wall costs no more than a story does.

Candidates come from shared sample hashes; each is then verified: by Jaccard similarity,
by containment of the smaller text in the larger (Broder 1997), both estimated below the
smaller of the two bounds, and by agreement of the figures, because templated reports
(weather, earnings, markets) differ in nothing else.
"""

import collections
import dataclasses
from typing import Literal

import numpy as np

from cleanwire.minhash import MAX_FIGURES, U64, Signature

KEY_CAP = 4
"""A sample hash leads to at most so many articles; the oldest entry makes room."""

MIN_HITS = 3
"""A candidate shares at least so many sample hashes, or all there are."""

FIGURES = 4
"""From so many figures on, on both sides, figures must agree."""

MatchKind = Literal["exact", "near", "excerpt"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When two texts are one story.

    Attributes:
        near: least Jaccard similarity of the shingle sets, 0..1.
        excerpt: least share of the smaller text's shingles that the larger holds, 0..1.
        figures: least share of the smaller set of figures that both hold, 0..1.
    """

    near: float = 0.45
    excerpt: float = 0.7
    figures: float = 0.5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An earlier article that tells the same story.

    `similarity` is the Jaccard estimate for `near`, the containment estimate for
    `excerpt`, and 1 for `exact`.
    """

    id: str
    kind: MatchKind
    similarity: float


class Index:
    """Sample hash -> articles, and article -> signature, in plain dicts."""

    def __init__(self, thresholds: Thresholds | None = None) -> None:
        self._thresholds = thresholds or Thresholds()
        self._signatures: dict[str, Signature] = {}
        self._postings: dict[int, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._signatures)

    def __contains__(self, article: str) -> bool:
        return article in self._signatures

    def add(self, article: str, signature: Signature) -> None:
        """Remember an article; adding it again changes nothing."""
        if article in self._signatures:
            return
        self._signatures[article] = signature
        postings = self._postings
        for key in signature.sample.tolist():
            postings[key] = (*postings.get(key, ())[1 - KEY_CAP :], article)

    def discard(self, article: str) -> None:
        """Forget an article, if it is known."""
        signature = self._signatures.pop(article, None)
        if signature is None:
            return
        for key in signature.sample.tolist():
            rest = tuple(other for other in self._postings.get(key, ()) if other != article)
            if rest:
                self._postings[key] = rest
            else:
                self._postings.pop(key, None)

    def matches(self, signature: Signature) -> list[Match]:
        """Every remembered article that tells the same story, in no particular order."""
        hits: dict[str, list[int]] = collections.defaultdict(list)
        for key in signature.sample.tolist():
            for article in self._postings.get(key, ()):
                hits[article].append(key)
        found = []
        for article, keys in hits.items():
            stored = self._signatures[article]
            if len(keys) < min(MIN_HITS, len(signature.sample), len(stored.sample)):
                continue
            bound = min(stored.bound, signature.bound)
            # What the keys lead to is the intersection, less the keys that many articles
            # share: that is what keeps short texts in one site's furniture apart.
            shared = sum(key <= bound for key in keys)
            match = self._verified(article, stored, signature, shared)
            if match is not None:
                found.append(match)
        return found

    def match(self, article: str, signature: Signature) -> Match | None:
        """How one remembered article matches, if it is known and does."""
        stored = self._signatures.get(article)
        if stored is None:
            return None
        shared = np.intersect1d(stored.sample, signature.sample, assume_unique=True)
        bound = np.uint64(min(stored.bound, signature.bound))
        count = int(np.searchsorted(shared, bound, side="right"))
        return self._verified(article, stored, signature, count)

    def _verified(
        self, article: str, stored: Signature, signature: Signature, shared: int
    ) -> Match | None:
        limits = self._thresholds
        if stored.digest == signature.digest:
            return Match(id=article, kind="exact", similarity=1.0)
        jaccard, containment = estimate(stored, signature, shared)
        if jaccard < limits.near and containment < limits.excerpt:
            return None
        if _figures_differ(stored.figures, signature.figures, limits.figures):
            return None
        if jaccard >= limits.near:
            return Match(id=article, kind="near", similarity=jaccard)
        return Match(id=article, kind="excerpt", similarity=containment)


def estimate(one: Signature, other: Signature, shared: int) -> tuple[float, float]:
    """Estimated Jaccard similarity, and containment of the smaller text in the larger.

    `shared` counts the sample hashes of both up to the smaller bound. Both estimates are 0
    where one of the samples has no hash up to there.
    """
    bound = np.uint64(min(one.bound, other.bound))
    mine = int(np.searchsorted(one.sample, bound, side="right"))
    yours = int(np.searchsorted(other.sample, bound, side="right"))
    if not mine or not yours:
        return 0.0, 0.0
    smaller = mine if one.shingles <= other.shingles else yours
    return shared / (mine + yours - shared), min(1.0, shared / smaller)


def _figures_differ(one: U64, other: U64, least: float) -> bool:
    # Of many figures only the lowest hashes are kept: compare where both are whole.
    full = [figures[-1] for figures in (one, other) if len(figures) == MAX_FIGURES]
    if full:
        one, other = (
            figures[: np.searchsorted(figures, min(full), side="right")] for figures in (one, other)
        )
    smaller = min(len(one), len(other))
    if smaller < FIGURES:
        return False
    return len(np.intersect1d(one, other, assume_unique=True)) < least * smaller
