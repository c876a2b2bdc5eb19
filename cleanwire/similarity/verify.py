"""A sample of shingle hashes -> which of the remembered articles tell the same story.

Invariant: a candidate is accepted by what both samples say below the smaller of their two
bounds, never by the number of its hits alone; of two texts with many figures, only if these
agree; and only if the two are no two stories of one template (`templates`).
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import compiled
from cleanwire.similarity.hash_table_kernels import PLACE_BITS, Bools, Table, find, keys_of
from cleanwire.similarity.templates import LEAD, LEAD_HASHES, LEAST_LEAD, tell_apart

MIN_HITS = 3
"""A candidate shares at least so many sample hashes, or all there are."""

FIGURES = 4
"""From so many figures on, on both sides, figures must agree."""

FULLER = 3.0
"""A text at least so many times longer than the one that it holds is no excerpt of it but the
full story after its teaser."""

MOST_FIGURES = 16

EXACT, NEAR, EXCERPT = range(3)
_UNKNOWN, _MISSED, _HELD = range(3)

U64 = NDArray[np.uint64]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Figures = NDArray[np.uint16]
States = NDArray[np.uint8]


@compiled("uint16[::1](uint64[::1])")
def high_bits(hashes: U64) -> Figures:
    """The high 16 bits of the lowest `MOST_FIGURES` hashes, which keep their order."""
    count = min(len(hashes), MOST_FIGURES)
    bits = np.empty(count, np.uint16)
    for at in range(count):
        bits[at] = hashes[at] >> np.uint64(48)
    return bits


@compiled("uint16[::1](uint64[::1], int64[::1])")
def lead_bits(sample: U64, places: Ints) -> Figures:
    """The high 16 bits of the lowest `LEAD_HASHES` sample hashes of a text's lead, ascending.

    Args:
        sample: ascending.
        places: of each hash its place among them in the order of the text.
    """
    bits = np.empty(LEAD_HASHES, np.uint16)
    count = 0
    for at in range(len(sample)):
        if count < LEAD_HASHES and places[at] < len(sample) // LEAD:
            bits[count] = sample[at] >> np.uint64(48)
            count += 1
    return bits[:count].copy()


@compiled("Tuple((int64, int64))(uint16[::1], int64, uint16[::1], int64)")
def figures_shared(one: Figures, some: int, other: Figures, others: int) -> tuple[int, int]:
    """How many figures two texts share, and the size of the smaller set.

    Args:
        one: the high bits of the hashes of one text's figures, ascending.
        some: how many of them count.
        other: the same of the other text.
        others: as `some`.
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
    return shared, min(some, others)


@compiled("uint8[::1](uint64[::1], int64, int64[::1], int64, int64, uint8[::1], int64)")
def _states(
    sample: U64, limit: int, hits: Ints, start: int, end: int, rows: States, cap: int
) -> States:
    """Of each hash of the query what is known of it in a row: `_UNKNOWN`, `_MISSED` or `_HELD`.

    A hash that leads to as many rows as it may has been another row's too, perhaps.

    Args:
        sample: of the query, ascending.
        limit: the high 32 bits up to which both samples are whole.
        hits: of the query, by row.
        start: where those of the row begin.
        end: where they end.
        rows: of each hash, how many rows it leads to.
        cap: how many it may lead to.
    """
    states = np.full(len(sample), _UNKNOWN, np.uint8)
    for at in range(len(sample)):
        if np.int64(sample[at] >> np.uint64(32)) > limit:
            break
        if rows[at] < cap:
            states[at] = _MISSED
    for hit in range(start, end):
        place = hits[hit] & ((1 << PLACE_BITS) - 1)
        if np.int64(sample[place] >> np.uint64(32)) <= limit:
            states[place] = _HELD
    return states


@compiled("float64(uint16[::1], int64, int64, uint64[::1], uint8[::1])")
def _stored_lead(lead: Figures, count: int, limit: int, sample: U64, states: States) -> float:
    """Which part of a stored text's lead the query holds; 1 where that is not known.

    Args:
        lead: as `lead_bits` has it.
        count: how many of it count.
        limit: the high 32 bits up to which both samples are whole.
        sample: of the query, ascending.
        states: of each hash of it, as `_states` has them.
    """
    known = held = at = 0
    for number in range(count):
        bits = np.int64(lead[number])
        if bits > limit >> 16:
            break
        while at < len(sample) and np.int64(sample[at] >> np.uint64(48)) < bits:
            at += 1
        state = _MISSED
        place = at
        while place < len(sample) and np.int64(sample[place] >> np.uint64(48)) == bits:
            if state != _HELD:
                state = states[place]
            place += 1
        known += state != _UNKNOWN
        held += state == _HELD
    return held / known if known >= LEAST_LEAD else 1.0


@compiled("boolean[::1](int64[::1], uint8[::1])")
def _in_order(places: Ints, states: States) -> Bools:
    """Of each hash of the query of which something is known, in its order, whether a row holds it.

    Args:
        places: of each hash its place among them in the order of the text.
        states: of each hash, as `_states` has them.
    """
    told = np.empty(len(states), np.uint8)
    for at in range(len(states)):
        told[places[at]] = states[at]
    held: Bools = told[told != _UNKNOWN] == _HELD
    return held


@compiled("uint8[::1](int64[::1], int64)")
def _rows_of(hits: Ints, size: int) -> States:
    """Of each of `size` hashes of a query, how many rows it leads to."""
    rows = np.zeros(size, np.uint8)
    for hit in hits:
        place = hit & ((1 << PLACE_BITS) - 1)
        rows[place] = min(rows[place] + 1, 255)
    return rows


@compiled(
    "Tuple((int64[::1], int64[::1], float64[::1]))"
    "(uint16[:,::1], boolean[::1], uint64[::1], int64[::1], uint64, int64, uint64, uint64[::1],"
    " float64[::1], uint32[::1], uint64[::1], uint32[::1], uint32[::1], uint8[::1], uint16[:,::1],"
    " uint8[::1], uint16[:,::1], int64)"
)
def look_up(
    table: Table,
    living: Bools,
    sample: U64,
    places: Ints,
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
    lead_counts: NDArray[np.uint8],
    leads: NDArray[np.uint16],
    cap: int,
) -> tuple[Ints, Ints, Floats]:
    """The rows that match, the kinds of their matches, and the similarities.

    Args:
        table: of `HashTable`.
        living: of each row whether it lives.
        sample: of the query, ascending.
        places: of each hash of it, its place among them in the order of the text.
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
        lead_counts: of each row, how many hashes of its lead.
        leads: of each row, these.
        cap: a sample hash leads to at most so many rows.
    """
    # By row, and there by the place of the hash in the sample.
    hits = np.sort(find(keys_of(sample), table, living))
    rows = _rows_of(hits, len(sample))
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
        first = start
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
        agreed, fewer = figures_shared(stored[row], np.int64(counts[row]), figures, len(figures))
        if fewer >= FIGURES and agreed < limits[2] * fewer:
            continue
        states = _states(sample, limit, hits, first, end, rows, cap)
        held = _in_order(places, states)
        lead = _stored_lead(leads[row], np.int64(lead_counts[row]), limit, sample, states)
        whole = min(1.0, shared / max(min(mine, np.float64(yours)), 1.0))
        if tell_apart(held, shingles, lead, jaccard, whole, agreed, fewer):
            continue
        found_rows[found] = row
        found_kinds[found] = NEAR if near else EXCERPT
        similarities[found] = jaccard if near else containment
        found += 1
    return found_rows[:found], found_kinds[:found], similarities[:found]
