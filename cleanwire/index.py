"""Signatures seen in the window -> which earlier articles match, and how.

The rule here: an answer depends on what was added and on nothing else: not on the
time of asking, not on a seed. Only `decide` says what is added; the index never drops
an entry on its own, but a key that many articles share leads to the latest of them
(`KEY_CAP`), so that a template or a cookie wall costs no more than a story does.

Candidates come from shared sample hashes; each is then verified: by Jaccard similarity,
by containment of the smaller text in the larger (Broder 1997), both estimated below the
smaller of the two bounds, and by agreement of the figures, because templated reports
(weather, earnings, markets) differ in nothing else.

The samples are not kept: what leads from their hashes to an article is its sample, so that the
hits of a query are the size of the intersection. What a verification needs beside it stands in
columns, a row an article.
"""

import dataclasses
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cleanwire.minhash import MAX_FIGURES, U64, Signature, firsts
from cleanwire.slots import Ints, Slots

KEY_CAP = 4
"""A sample hash leads to at most so many articles; the oldest entry makes room."""

MIN_HITS = 3
"""A candidate shares at least so many sample hashes, or all there are."""

FIGURES = 4
"""From so many figures on, on both sides, figures must agree."""

FIRST_ROWS = 1024

_MOST = 2**32 - 1
_ROW = np.dtype(
    [
        ("bound", np.uint64),
        ("digest", np.uint64),
        ("shingles", np.uint32),
        ("sample", np.uint32),
        ("figures", np.uint8),
        ("prefixes", np.uint16, (MAX_FIGURES,)),
    ]
)

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
    """Articles by their signatures, packed."""

    def __init__(self, thresholds: Thresholds | None = None) -> None:
        self._thresholds = thresholds or Thresholds()
        self._slots = Slots(KEY_CAP)
        self._rows: dict[str, int] = {}
        self._ids: list[str] = []
        self._free: list[int] = []
        self._dead: list[int] = []
        self._columns = np.zeros(FIRST_ROWS, _ROW)
        self._births = np.zeros(FIRST_ROWS, np.int64)
        self._living = np.zeros(FIRST_ROWS, np.bool_)
        self._born = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, article: str) -> bool:
        return article in self._rows

    @property
    def size(self) -> int:
        """Bytes of the tables, without the ids."""
        return self._slots.size + self._columns.nbytes + self._births.nbytes + self._living.nbytes

    def add(self, article: str, signature: Signature) -> None:
        """Remember an article; adding it again changes nothing."""
        if article in self._rows:
            return
        row = self._free.pop() if self._free else self._new_row()
        self._rows[article] = row
        self._ids[row] = article
        figures = _prefixes(signature.figures)
        columns = self._columns[row]
        columns["bound"] = signature.bound
        columns["digest"] = np.frombuffer(signature.digest, np.uint64)[0]
        columns["shingles"] = min(signature.shingles, _MOST)
        columns["sample"] = min(len(signature.sample), _MOST)
        columns["figures"] = len(figures)
        columns["prefixes"][: len(figures)] = figures
        self._births[row] = self._born
        self._born += 1
        self._living[row] = True
        self._slots.put(signature.sample, row, self._living, self._births)

    def discard(self, article: str) -> None:
        """Forget an article, if it is known."""
        row = self._rows.pop(article, None)
        if row is None:
            return
        self._living[row] = False
        self._ids[row] = ""
        self._dead.append(row)
        # Its slots are free for others at once; its row is when none of them is left.
        if len(self._dead) > max(FIRST_ROWS, len(self._rows)):
            self._slots.sweep(self._living)
            self._free += self._dead
            self._dead = []

    def matches(self, signature: Signature) -> list[Match]:
        """Every remembered article that tells the same story, in no particular order."""
        places, found = self._slots.find(signature.sample, self._living)
        if not len(found):
            return []
        rows, inverse, counts = _grouped(found)
        least = np.minimum(self._columns["sample"][rows], min(MIN_HITS, len(signature.sample)))
        enough = counts >= least
        if not enough.any():
            return []
        # What the keys lead to is the intersection, less the keys that many articles share:
        # that is what keeps short texts in one site's furniture apart.
        bounds = np.minimum(self._columns["bound"][rows], np.uint64(signature.bound))
        below = signature.sample[places] <= bounds[inverse]
        shared = np.bincount(inverse, weights=below, minlength=len(rows))
        return self._verified(rows[enough], shared[enough], signature)

    def match(self, article: str, signature: Signature) -> Match | None:
        """How one remembered article matches, if it is known and does."""
        row = self._rows.get(article)
        if row is None:
            return None
        places, found = self._slots.find(signature.sample, self._living)
        bound = min(int(self._columns["bound"][row]), signature.bound)
        shared = (signature.sample[places[found == row]] <= np.uint64(bound)).sum()
        matches = self._verified(np.array([row]), np.array([float(shared)]), signature)
        return matches[0] if matches else None

    def _verified(
        self, rows: Ints, shared: NDArray[np.float64], signature: Signature
    ) -> list[Match]:
        limits = self._thresholds
        stored = self._columns[rows]
        jaccards, containments = estimate(stored, signature, shared)
        exact = stored["digest"] == np.frombuffer(signature.digest, np.uint64)[0]
        close = exact | (jaccards >= limits.near) | (containments >= limits.excerpt)
        mine = _prefixes(signature.figures)
        found = []
        for at in np.flatnonzero(close):
            article = self._ids[int(rows[at])]
            jaccard, containment = float(jaccards[at]), float(containments[at])
            if exact[at]:
                found.append(Match(id=article, kind="exact", similarity=1.0))
                continue
            yours = stored["prefixes"][at][: stored["figures"][at]]
            if _figures_differ(yours, mine, limits.figures):
                continue
            if jaccard >= limits.near:
                found.append(Match(id=article, kind="near", similarity=jaccard))
            else:
                found.append(Match(id=article, kind="excerpt", similarity=containment))
        return found

    def _new_row(self) -> int:
        row = len(self._ids)
        self._ids.append("")
        if row == len(self._living):
            self._columns = np.concatenate((self._columns, np.zeros(row, _ROW)))
            self._births = np.concatenate((self._births, np.zeros(row, np.int64)))
            self._living = np.concatenate((self._living, np.zeros(row, np.bool_)))
        return row


def estimate(
    stored: NDArray[np.void], signature: Signature, shared: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimated Jaccard similarities, and containments of the smaller text in the larger.

    Args:
        stored: rows of articles.
        signature: of the text that is compared with each.
        shared: how many hashes of its sample each has, up to the smaller of the two bounds.
    """
    bound = np.uint64(signature.bound)
    # Of a stored sample that reaches higher only its size is known: its hashes are evenly spread.
    reach = np.minimum(1.0, signature.bound / np.maximum(stored["bound"].astype(np.float64), 1.0))
    mine = np.maximum(stored["sample"] * reach, shared)
    yours = np.searchsorted(
        signature.sample, np.minimum(stored["bound"], bound), side="right"
    ).astype(np.float64)
    known = (mine > 0) & (yours > 0)
    smaller = np.where(stored["shingles"] <= signature.shingles, mine, yours)
    jaccards = np.where(known, shared / np.maximum(mine + yours - shared, 1.0), 0.0)
    containments = np.where(known, shared / np.maximum(smaller, 1.0), 0.0)
    return jaccards, np.minimum(1.0, containments)


def _grouped(values: Ints) -> tuple[Ints, Ints, Ints]:
    """np.unique with inverse and counts, which for so few values takes five times as long."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = firsts(ordered)
    inverse = np.empty(len(values), np.int64)
    inverse[order] = np.cumsum(first) - 1
    return ordered[first], inverse, np.bincount(inverse)


def _prefixes(figures: U64) -> NDArray[np.uint16]:
    """The high bits of the figures' hashes, which keep their order."""
    return (figures >> np.uint64(48)).astype(np.uint16)


def _figures_differ(one: NDArray[np.uint16], other: NDArray[np.uint16], least: float) -> bool:
    # Of many figures only the lowest hashes are kept: compare where both are whole.
    full = [figures[-1] for figures in (one, other) if len(figures) == MAX_FIGURES]
    if full:
        one, other = (
            figures[: np.searchsorted(figures, min(full), side="right")] for figures in (one, other)
        )
    smaller = min(len(one), len(other))
    if smaller < FIGURES:
        return False
    return len(np.intersect1d(one, other)) < least * smaller
