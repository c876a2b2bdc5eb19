"""A sample of shingle hashes -> which of the remembered articles tell the same story.

The rule here: a candidate is accepted by what both samples say below the smaller of their two
bounds, never by the number of its hits alone; and of two texts with many figures, only if
these agree.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import compiled
from cleanwire.ways import PLACE_BITS, Bools, Table, find, keys_of

MIN_HITS = 3
"""A candidate shares at least so many sample hashes, or all there are."""

FIGURES = 4
"""From so many figures on, on both sides, figures must agree."""

FULLER = 3.0
"""A text at least so many times longer than the one that it holds is no excerpt of it but the
full story after its teaser."""

MOST_FIGURES = 16

EXACT, NEAR, EXCERPT = range(3)

U64 = NDArray[np.uint64]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Figures = NDArray[np.uint16]


@compiled("uint16[::1](uint64[::1])")
def high_bits(hashes: U64) -> Figures:
    """The high 16 bits of the lowest `MOST_FIGURES` hashes, which keep their order."""
    count = min(len(hashes), MOST_FIGURES)
    bits = np.empty(count, np.uint16)
    for at in range(count):
        bits[at] = hashes[at] >> np.uint64(48)
    return bits


@compiled("boolean(uint16[::1], int64, uint16[::1], int64, float64)")
def figures_differ(one: Figures, some: int, other: Figures, others: int, least: float) -> bool:
    """Whether two texts have many figures, and share less than a part of the fewer ones.

    Args:
        one: the high bits of the hashes of one text's figures, ascending.
        some: how many of them count.
        other: the same of the other text.
        others: as `some`.
        least: the part that both must have, 0..1.
    """
    # Of many figures only the lowest hashes are kept: compare where both are whole.
    top = np.int64(1 << 16)
    if some == MOST_FIGURES:
        top = min(top, np.int64(one[some - 1]))
    if others == MOST_FIGURES:
        top = min(top, np.int64(other[others - 1]))
    while some and one[some - 1] > top:
        some -= 1
    while others and other[others - 1] > top:
        others -= 1
    smaller = min(some, others)
    if smaller < FIGURES:
        return False
    shared = at = place = 0
    while at < some and place < others:
        if one[at] == other[place]:
            shared += 1
            at += 1
            place += 1
        elif one[at] < other[place]:
            at += 1
        else:
            place += 1
    return shared < least * smaller


@compiled(
    "Tuple((int64[::1], int64[::1], float64[::1]))"
    "(uint16[:,::1], boolean[::1], uint64[::1], uint64, int64, uint64, uint64[::1], float64[::1],"
    " uint32[::1], uint64[::1], uint32[::1], uint32[::1], uint8[::1], uint16[:,::1])"
)
def look_up(
    table: Table,
    living: Bools,
    sample: U64,
    bound: np.uint64,
    shingles: int,
    digest: np.uint64,
    figure_hashes: U64,
    limits: Floats,
    bounds: NDArray[np.uint32],
    digests: U64,
    lengths: NDArray[np.uint32],
    samples: NDArray[np.uint32],
    counts: NDArray[np.uint8],
    stored: NDArray[np.uint16],
) -> tuple[Ints, Ints, Floats]:
    """The rows that match, the kinds of their matches, and the similarities.

    Args:
        table: of `Slots`.
        living: of each row whether it lives.
        sample: of the query, ascending.
        bound: of the query.
        shingles: of the query, distinct.
        digest: of the query.
        figure_hashes: of the query, ascending.
        limits: least Jaccard similarity, containment, and share of figures.
        bounds: of each row, the high 32 bits.
        digests: of each row.
        lengths: of each row, its distinct shingles.
        samples: of each row, the size of its sample.
        counts: of each row, how many figures.
        stored: of each row, its figures.
    """
    # By row, and there by the place of the hash in the sample.
    hits = np.sort(find(keys_of(sample), table, living))
    figures = high_bits(figure_hashes)
    found_rows = np.empty(len(hits), np.int64)
    found_kinds = np.empty(len(hits), np.int64)
    similarities = np.empty(len(hits), np.float64)
    found = 0
    high = np.int64(bound >> np.uint64(32))
    start = 0
    while start < len(hits):
        row = hits[start] >> PLACE_BITS
        limit = min(high, np.int64(bounds[row]))
        end, hits_of_row, shared, last = start, 0, 0, np.int64(-1)
        while end < len(hits) and hits[end] >> PLACE_BITS == row:
            # What the keys lead to is the intersection, less the keys that many articles share:
            # that is what keeps short texts in one site's furniture apart.
            place = hits[end] & ((1 << PLACE_BITS) - 1)
            end += 1
            if place == last:
                # Two hashes of the stored sample have one key.
                continue
            last = place
            hits_of_row += 1
            shared += np.int64(sample[place] >> np.uint64(32)) <= limit
        enough = hits_of_row >= min(MIN_HITS, len(sample), np.int64(samples[row]))
        start = end
        if not enough:
            continue
        if digests[row] == digest:
            found_rows[found], found_kinds[found], similarities[found] = row, EXACT, 1.0
            found += 1
            continue
        # Of a stored sample that reaches higher only its size is known: it is evenly spread.
        mine = np.float64(samples[row])
        if bounds[row] > high:
            mine *= (high + 1) / (np.float64(bounds[row]) + 1)
        mine = max(mine, np.float64(shared))
        yours = np.int64(len(sample))
        while yours and np.int64(sample[yours - 1] >> np.uint64(32)) > limit:
            yours -= 1
        if not yours:
            continue
        jaccard = min(1.0, shared / max(mine + yours - shared, 1.0))
        smaller = mine if lengths[row] <= shingles else np.float64(yours)
        containment = min(1.0, shared / max(smaller, 1.0))
        near = jaccard >= limits[0]
        if not near and (containment < limits[1] or shingles >= FULLER * lengths[row]):
            continue
        if figures_differ(stored[row], np.int64(counts[row]), figures, len(figures), limits[2]):
            continue
        found_rows[found] = row
        found_kinds[found] = NEAR if near else EXCERPT
        similarities[found] = jaccard if near else containment
        found += 1
    return found_rows[:found], found_kinds[:found], similarities[:found]
