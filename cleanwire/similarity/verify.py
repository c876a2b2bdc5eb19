"""A sample of shingle hashes -> which of the stored articles tell the same story.

Invariant: a row is accepted by what both samples say below the smaller of their two bounds, never
by the number of its hits alone. If both texts have many figures, it is accepted only if these
agree. It is accepted only if the texts are not two stories of one template (`templates`).
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import compiled
from cleanwire.similarity.hash_table_kernels import find
from cleanwire.similarity.hash_table_layout import PLACE_BITS, Bools, Table, keys_of
from cleanwire.similarity.templates import LEAD, LEAD_HASHES, LEAST_LEAD, telling_test

MIN_HITS = 3
"""A match shares at least this many sample hashes, or all of them if a sample is smaller."""

FIGURES = 4
"""From this many figures on, in both texts, figures must agree."""

FULL_STORY_RATIO = 3.0
"""A text at least this many times longer than the text that it holds is no excerpt of it: it is the
full story after its teaser."""

MOST_FIGURES = 16
"""How many figures of a text the index keeps."""

EXACT, NEAR, EXCERPT = range(3)
"""The kinds of matches, as indices of `index.KINDS`."""
_UNKNOWN, _MISSED, _HELD = range(3)
"""What is known of a query's hash and a row: nothing, not held by it, or held by it."""

U64 = NDArray[np.uint64]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Figures = NDArray[np.uint16]
States = NDArray[np.uint8]


@compiled("uint16[::1](uint64[::1])")
def high_bits(hashes: U64) -> Figures:
    """The high 16 bits of the lowest `MOST_FIGURES` hashes, in the same order."""
    count = min(len(hashes), MOST_FIGURES)
    bits = np.empty(count, np.uint16)
    for at in range(count):
        bits[at] = hashes[at] >> np.uint64(48)
    return bits


@compiled("uint16[::1](uint64[::1], int64[::1])")
def lead_bits(sample: U64, positions: Ints) -> Figures:
    """The high 16 bits of the lowest `LEAD_HASHES` sample hashes of a text's lead, ascending.

    Args:
        sample: the sample, uint64, ascending.
        positions: for each hash its position among them in the order of the text, int64.
    """
    bits = np.empty(LEAD_HASHES, np.uint16)
    count = 0
    for at in range(len(sample)):
        if count < LEAD_HASHES and positions[at] < len(sample) // LEAD:
            bits[count] = sample[at] >> np.uint64(48)
            count += 1
    return bits[:count].copy()


@compiled("Tuple((int64, int64))(uint16[::1], int64, uint16[::1], int64)")
def figures_shared(one: Figures, some: int, other: Figures, others: int) -> tuple[int, int]:
    """How many figures two texts share, and the size of the smaller set.

    Args:
        one: the high bits of the hashes of one text's figures, uint16, ascending.
        some: how many elements of `one` count.
        other: the same of the other text.
        others: how many elements of `other` count.
    """
    # A full set holds only the lowest figures of its text: compare up to where both are complete.
    top = np.int64(1 << 16)
    if some == MOST_FIGURES:
        top = min(top, np.int64(one[some - 1]))
    if others == MOST_FIGURES:
        top = min(top, np.int64(other[others - 1]))
    while some and one[some - 1] > top:
        some -= 1
    while others and other[others - 1] > top:
        others -= 1
    shared = at = position = 0
    while at < some and position < others:
        if one[at] == other[position]:
            shared += 1
            at += 1
            position += 1
        elif one[at] < other[position]:
            at += 1
        else:
            position += 1
    return shared, min(some, others)


@compiled("uint8[::1](uint64[::1], int64, int64[::1], int64, int64, uint8[::1], int64)")
def hash_states(
    sample: U64, limit: int, hits: Ints, start: int, end: int, rows: States, cap: int
) -> States:
    """For each hash of the query what is known of it in a row: `_UNKNOWN`, `_MISSED` or `_HELD`.

    A hash that leads to `cap` rows may have led to this row too, before it was evicted: unknown.

    Args:
        sample: the query's sample, uint64, ascending.
        limit: the high 32 bits up to which both samples are complete.
        hits: the query's hits, sorted by row.
        start: the index of the row's first hit.
        end: the index after the row's last hit.
        rows: for each hash, how many rows it leads to.
        cap: how many rows a hash leads to at most.
    """
    states = np.full(len(sample), _UNKNOWN, np.uint8)
    for at in range(len(sample)):
        if np.int64(sample[at] >> np.uint64(32)) > limit:
            break
        if rows[at] < cap:
            states[at] = _MISSED
    for hit in range(start, end):
        position = hits[hit] & ((1 << PLACE_BITS) - 1)
        if np.int64(sample[position] >> np.uint64(32)) <= limit:
            states[position] = _HELD
    return states


@compiled("float64(uint16[::1], int64, int64, uint64[::1], uint8[::1])")
def stored_lead(lead: Figures, count: int, limit: int, sample: U64, states: States) -> float:
    """The share of a stored text's lead that the query holds, 0 to 1; 1 if it is not known.

    Args:
        lead: the stored lead, as `lead_bits` gives it.
        count: how many elements of `lead` count.
        limit: the high 32 bits up to which both samples are complete.
        sample: the query's sample, uint64, ascending.
        states: for each hash of the sample its state, as `hash_states` gives it.
    """
    known = held = at = 0
    for number in range(count):
        bits = np.int64(lead[number])
        if bits > limit >> 16:
            break
        while at < len(sample) and np.int64(sample[at] >> np.uint64(48)) < bits:
            at += 1
        state = _MISSED
        position = at
        while position < len(sample) and np.int64(sample[position] >> np.uint64(48)) == bits:
            if state != _HELD:
                state = states[position]
            position += 1
        known += state != _UNKNOWN
        held += state == _HELD
    return held / known if known >= LEAST_LEAD else 1.0


@compiled("boolean[::1](int64[::1], uint8[::1])")
def in_text_order(positions: Ints, states: States) -> Bools:
    """For each hash of the query that is not unknown, in text order, whether a row holds it.

    Args:
        positions: for each hash its position among them in the order of the text.
        states: for each hash its state, as `hash_states` gives it.
    """
    ordered = np.empty(len(states), np.uint8)
    for at in range(len(states)):
        ordered[positions[at]] = states[at]
    held: Bools = ordered[ordered != _UNKNOWN] == _HELD
    return held


@compiled(
    "Tuple((float64, float64, float64))(uint64[::1], int64, int64, int64, int64, int64, int64)"
)
def shares(
    sample: U64,
    high: int,
    shingles: int,
    shared: int,
    row_bound: int,
    row_sample_size: int,
    row_shingles: int,
) -> tuple[float, float, float]:
    """How much two texts share, estimated below the smaller of their two bounds, each 0 to 1.

    Args:
        sample: the query's sample, uint64, ascending.
        high: the high 32 bits of its bound.
        shingles: how many distinct shingles the query has.
        shared: how many hashes up to the smaller bound both samples have.
        row_bound: the high 32 bits of the row's bound.
        row_sample_size: the size of the row's sample.
        row_shingles: how many distinct shingles the row has.

    Returns:
        The Jaccard similarity, the containment of the text with fewer shingles in the other, and
        the greater of the two containments. All are -1 if the query has no hash up to the bound.
    """
    limit = min(high, row_bound)
    # If the stored sample reaches higher, only its size is known. Its hashes are spread evenly, so
    # scale the size down to the limit.
    stored_size = np.float64(row_sample_size)
    if row_bound > high:
        stored_size *= (high + 1) / (np.float64(row_bound) + 1)
    stored_size = max(stored_size, np.float64(shared))
    query_size = np.int64(len(sample))
    while query_size and np.int64(sample[query_size - 1] >> np.uint64(32)) > limit:
        query_size -= 1
    if not query_size:
        return -1.0, -1.0, -1.0
    jaccard = min(1.0, shared / max(stored_size + query_size - shared, 1.0))
    smaller = stored_size if row_shingles <= shingles else np.float64(query_size)
    containment = min(1.0, shared / max(smaller, 1.0))
    whole = min(1.0, shared / max(min(stored_size, np.float64(query_size)), 1.0))
    return jaccard, containment, whole


@compiled("uint8[::1](int64[::1], int64)")
def _rows_of(hits: Ints, size: int) -> States:
    """For each of `size` hashes of a query, how many rows it leads to; 255 at most."""
    rows = np.zeros(size, np.uint8)
    for hit in hits:
        position = hit & ((1 << PLACE_BITS) - 1)
        rows[position] = min(rows[position] + 1, 255)
    return rows


@compiled(
    "Tuple((int64[::1], int64[::1], float64[::1]))"
    "(uint16[:,::1], boolean[::1], uint64[::1], int64[::1], uint64, int64, uint64, uint64[::1],"
    " float64[::1], uint32[::1], uint64[::1], uint32[::1], uint32[::1], uint8[::1], uint16[:,::1],"
    " uint8[::1], uint16[:,::1], int64)"
)
def look_up(
    table: Table,
    alive: Bools,
    sample: U64,
    positions: Ints,
    bound: np.uint64,
    shingles: int,
    digest: np.uint64,
    figure_hashes: U64,
    thresholds: Floats,
    row_bounds: NDArray[np.uint32],
    row_digests: U64,
    row_shingles: NDArray[np.uint32],
    row_sample_sizes: NDArray[np.uint32],
    row_figure_counts: NDArray[np.uint8],
    row_figures: NDArray[np.uint16],
    row_lead_counts: NDArray[np.uint8],
    row_leads: NDArray[np.uint16],
    cap: int,
) -> tuple[Ints, Ints, Floats]:
    """The rows that match a query, the kinds of the matches, and the similarities.

    n is the size of the query's sample, r the number of rows.

    Args:
        table: the hash table, uint16, shape (buckets, `WIDTH`).
        alive: for each row whether it is alive, bool, shape (r,).
        sample: the query's sample, uint64, shape (n,), ascending.
        positions: for each hash of the sample its position in the order of the text, int64, shape
            (n,).
        bound: the query's bound, uint64.
        shingles: how many distinct shingles the query has, int64.
        digest: the query's digest as a big-endian number, uint64.
        figure_hashes: the query's figures, uint64, one dimension, ascending.
        thresholds: the least Jaccard similarity, containment and share of figures, float64, shape
            (3,).
        row_bounds: for each row the high 32 bits of its bound, uint32, shape (r,).
        row_digests: for each row its digest, uint64, shape (r,).
        row_shingles: for each row its number of distinct shingles, uint32, shape (r,).
        row_sample_sizes: for each row the size of its sample, uint32, shape (r,).
        row_figure_counts: for each row how many figures are kept, uint8, shape (r,).
        row_figures: for each row the high bits of its figures, uint16, shape (r, `MOST_FIGURES`).
        row_lead_counts: for each row how many hashes of its lead are kept, uint8, shape (r,).
        row_leads: for each row the high bits of these hashes, uint16, shape (r, `LEAD_HASHES`).
        cap: how many rows a sample hash leads to at most, int64.

    Returns:
        Three arrays of one length, by ascending row: the rows, int64; the kinds (`EXACT`, `NEAR` or
        `EXCERPT`), int64; and the similarities, float64, 0 to 1.
    """
    # Sorted by row, and within a row by the position of the hash in the sample.
    hits = np.sort(find(keys_of(sample), table, alive))
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
        limit = min(high, np.int64(row_bounds[row]))
        first = start
        end, hits_of_row, shared, last = start, 0, 0, np.int64(-1)
        while end < len(hits) and hits[end] >> PLACE_BITS == row:
            # The hits are the intersection of the two samples, without the keys that many articles
            # share. That keeps short texts in the same boilerplate apart.
            position = hits[end] & ((1 << PLACE_BITS) - 1)
            end += 1
            if position == last:
                # Two hashes of the stored sample have the same key: count the hit once.
                continue
            last = position
            hits_of_row += 1
            shared += np.int64(sample[position] >> np.uint64(32)) <= limit
        enough = hits_of_row >= min(MIN_HITS, len(sample), np.int64(row_sample_sizes[row]))
        start = end
        if not enough:
            continue
        if row_digests[row] == digest:
            found_rows[found], found_kinds[found], similarities[found] = row, EXACT, 1.0
            found += 1
            continue
        jaccard, containment, whole = shares(
            sample,
            high,
            shingles,
            shared,
            np.int64(row_bounds[row]),
            np.int64(row_sample_sizes[row]),
            np.int64(row_shingles[row]),
        )
        near = jaccard >= thresholds[0]
        if not near and (
            containment < thresholds[1] or shingles >= FULL_STORY_RATIO * row_shingles[row]
        ):
            continue
        agreed, fewer = figures_shared(
            row_figures[row], np.int64(row_figure_counts[row]), figures, len(figures)
        )
        if fewer >= FIGURES and agreed < thresholds[2] * fewer:
            continue
        states = hash_states(sample, limit, hits, first, end, rows, cap)
        held = in_text_order(positions, states)
        lead = stored_lead(row_leads[row], np.int64(row_lead_counts[row]), limit, sample, states)
        if telling_test(held, shingles, lead, jaccard, whole, agreed, fewer):
            continue
        found_rows[found] = row
        found_kinds[found] = NEAR if near else EXCERPT
        similarities[found] = jaccard if near else containment
        found += 1
    return found_rows[:found], found_kinds[:found], similarities[:found]
