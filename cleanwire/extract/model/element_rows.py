"""Compiled: what the model sees of the elements around a block.

Invariant: an element stands after its parent, and the first is its own parent. So one pass forwards
carries down what holds of all elements around.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.model.feature_names import BLOCK_FEATURES
from cleanwire.extract.model.sums import Floats, Ints, number_keys, totals
from cleanwire.native import compiled

ARTICLE, FIGURE, LIST = 1, 2, 4
"""Bits of the flags of an element: its tag is of an article, a figure or a list."""

_AT = BLOCK_FEATURES.index
_SHARE_LOW_OWN, _SHARE_LOW_OUTER = _AT("share_low_own"), _AT("share_low_outer")
_SHARE_LOW_OUTER2, _SHARE_HIGH_OUTER = _AT("share_low_outer2"), _AT("share_high_outer")
_SHARE_HIGH_OUTER2, _LOW_OWN = _AT("share_high_outer2"), _AT("low_own")
_SHARE_LEAST, _SHARE_MOST, _LOW_LEAST = _AT("share_least"), _AT("share_most"), _AT("low_least")
_DEPTH, _IN_ARTICLE = _AT("depth"), _AT("in_article")
_IN_FIGURE, _IN_LIST = _AT("in_figure"), _AT("in_list")
_TRUSTED_BEFORE, _SIBLINGS_OWN = _AT("trusted_before"), _AT("siblings_own")
_E1_PROSE, _E1_PURE, _E1_LINKS = _AT("e1_prose"), _AT("e1_pure"), _AT("e1_links")
_E1_SIBLINGS, _E2_SIBLINGS = _AT("e1_siblings"), _AT("e2_siblings")
_E2_PROSE, _E2_LINKS = _AT("e2_prose"), _AT("e2_links")
_E3_PROSE, _E3_LINKS, _E3_BLOCKS = _AT("e3_prose"), _AT("e3_links"), _AT("e3_blocks")
_E4_PROSE, _E4_BLOCKS = _AT("e4_prose"), _AT("e4_blocks")
_TOP_DISTANCE, _TOP_DIRECT = _AT("top_distance"), _AT("top_direct")
# The distance to the largest of the three says nothing more.
_CORES = (
    (_AT("core4_inside"), _AT("core4_distance"), 0.4),
    (_AT("core6_inside"), _AT("core6_distance"), 0.6),
    (_AT("core8_inside"), -1, 0.8),
)
_NETS = (
    (_AT("net3_inside"), _AT("net3_distance"), _AT("net3_share"), 0.3),
    (_AT("net10_inside"), _AT("net10_distance"), _AT("net10_share"), 1.0),
)
_STYLE_WORDS, _STYLE_PROSE = _AT("style_words"), _AT("style_prose")
_STYLE_PROSE_SHARE, _STYLE_COUNT = _AT("style_prose_share"), _AT("style_count")


@compiled("float64[::1](float32[:, ::1], int64[::1], int64[::1], uint8[::1], float64[:, ::1])")
def fill_name_rows(
    rows: NDArray[np.float32],
    inside: Ints,
    parents: Ints,
    flags: NDArray[np.uint8],
    shares: Floats,
) -> Floats:
    """Fill the rows from "share_low_own" to "in_list".

    Args:
        rows: the features, float32, shape (features, blocks).
        inside: for each block its innermost element, shape (blocks,).
        parents: for each element its parent, shape (elements,).
        flags: the bits of each element's own tag, shape (elements,).
        shares: least and greatest content share and least gain of each element's names, shape (3,
            elements).

    Returns:
        For each block the least content share of its element and all around it; shape (blocks,).
    """
    count = len(parents)
    low, high, gain = shares[0], shares[1], shares[2]
    least, most, lowest = low.copy(), high.copy(), gain.copy()
    around = flags.copy()
    depth = np.zeros(count, np.int64)
    for element in range(1, count):
        parent = parents[element]
        least[element] = min(least[element], least[parent])
        most[element] = max(most[element], most[parent])
        lowest[element] = min(lowest[element], lowest[parent])
        around[element] |= around[parent]
        depth[element] = depth[parent] + 1
    trust = np.empty(len(inside), np.float64)
    for at in range(len(inside)):
        own = inside[at]
        outer = parents[own]
        outer2 = parents[outer]
        trust[at] = least[own]
        rows[_SHARE_LOW_OWN, at] = low[own]
        rows[_SHARE_LOW_OUTER, at] = low[outer]
        rows[_SHARE_LOW_OUTER2, at] = low[outer2]
        rows[_SHARE_HIGH_OUTER, at] = high[outer]
        rows[_SHARE_HIGH_OUTER2, at] = high[outer2]
        rows[_LOW_OWN, at] = gain[own]
        rows[_SHARE_LEAST, at] = least[own]
        rows[_SHARE_MOST, at] = most[own]
        rows[_LOW_LEAST, at] = lowest[own]
        rows[_DEPTH, at] = depth[own]
        rows[_IN_ARTICLE, at] = (around[own] & ARTICLE) > 0
        rows[_IN_FIGURE, at] = (around[own] & FIGURE) > 0
        rows[_IN_LIST, at] = (around[own] & LIST) > 0
    return trust


@compiled(
    "void(float32[:, ::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    " float64[::1], float64[::1], float64[::1], float64)"
)
def fill_surrounding_rows(
    rows: NDArray[np.float32],
    inside: Ints,
    parents: Ints,
    starts: Ints,
    ends: Ints,
    siblings: Ints,
    words: Floats,
    density: Floats,
    prose_sums: Floats,
    mass: float,
) -> None:
    """Fill the rows from "siblings_own" to "e4_blocks".

    Args:
        rows: the features, float32, shape (features, blocks).
        inside: for each block its innermost element, shape (blocks,).
        parents: for each element its parent, shape (elements,).
        starts: for each element its first block, shape (elements,).
        ends: for each element the block after its last, shape (elements,).
        siblings: for each element how many of its style its parent has, shape (elements,).
        words: words of each block, shape (blocks,).
        density: the share of each block that is in links, shape (blocks,).
        prose_sums: for each element its trusted prose, shape (elements,).
        mass: the trusted prose of the page; at least 1.
    """
    all_words = totals(words, starts, ends)
    in_links = totals(density * words, starts, ends)
    run = np.empty(len(parents), np.int64)
    run[0] = 0
    for element in range(1, len(parents)):
        # Of nested elements with the same blocks only the outermost counts.
        parent = parents[element]
        same = starts[element] == starts[parent] and ends[element] == ends[parent]
        run[element] = run[parent] if same else element
    for at in range(len(inside)):
        e1 = run[inside[at]]
        e2 = run[parents[e1]]
        e3 = run[parents[e2]]
        e4 = run[parents[e3]]
        rows[_SIBLINGS_OWN, at] = siblings[inside[at]]
        rows[_E1_PROSE, at] = prose_sums[e1] / mass
        rows[_E1_PURE, at] = prose_sums[e1] / max(all_words[e1], 1.0)
        rows[_E1_LINKS, at] = in_links[e1] / max(all_words[e1], 1.0)
        rows[_E1_SIBLINGS, at] = siblings[e1]
        rows[_E2_PROSE, at] = prose_sums[e2] / mass
        rows[_E2_LINKS, at] = in_links[e2] / max(all_words[e2], 1.0)
        rows[_E2_SIBLINGS, at] = siblings[e2]
        rows[_E3_PROSE, at] = prose_sums[e3] / mass
        rows[_E3_LINKS, at] = in_links[e3] / max(all_words[e3], 1.0)
        rows[_E3_BLOCKS, at] = ends[e3] - starts[e3]
        rows[_E4_PROSE, at] = prose_sums[e4] / mass
        rows[_E4_BLOCKS, at] = ends[e4] - starts[e4]


@compiled("void(float32[:, ::1], int64, int64, int64, int64)")
def _fill_distance(
    rows: NDArray[np.float32], inside: int, distance: int, start: int, end: int
) -> None:
    """Fill a row with whether each block is in an element, and one with how far it is from it."""
    for at in range(rows.shape[1]):
        gap = max(start - at, at - end + 1)
        rows[inside, at] = gap <= 0
        if distance >= 0:
            rows[distance, at] = gap


@compiled(
    "void(float32[:, ::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    " float64[::1], float64[::1], float64[::1], float64[::1], float64)"
)
def fill_core_rows(
    rows: NDArray[np.float32],
    inside: Ints,
    parents: Ints,
    starts: Ints,
    ends: Ints,
    words: Floats,
    density: Floats,
    trusted: Floats,
    prose_sums: Floats,
    mass: float,
) -> None:
    """Fill the rows from "top_distance" to "net10_share".

    Args:
        rows: the features, float32, shape (features, blocks).
        inside: for each block its innermost element, shape (blocks,).
        parents: for each element its parent, shape (elements,).
        starts: for each element its first block, shape (elements,).
        ends: for each element the block after its last, shape (elements,).
        words: words of each block, shape (blocks,).
        density: the share of each block that is in links, shape (blocks,).
        trusted: the trusted prose of each block, shape (blocks,).
        prose_sums: for each element its trusted prose, shape (elements,).
        mass: the trusted prose of the page; at least 1.
    """
    blocks = len(inside)
    direct = np.zeros(len(parents), np.float64)
    for at in range(blocks):
        direct[parents[inside[at]]] += trusted[at]
    top = 0
    for element in range(1, len(parents)):
        if direct[element] > direct[top]:
            top = element
    for at in range(blocks):
        rows[_TOP_DISTANCE, at] = max(starts[top] - at, at - ends[top] + 1, 0)
        rows[_TOP_DIRECT, at] = parents[inside[at]] == top
    for inside_row, distance_row, share in _CORES:
        best = 0
        smallest = blocks + 1
        for element in range(len(parents)):
            size = ends[element] - starts[element]
            if size < smallest and prose_sums[element] >= share * mass:
                best, smallest = element, size
        _fill_distance(rows, inside_row, distance_row, starts[best], ends[best])
    net = np.empty(blocks, np.float64)
    for inside_row, distance_row, share_row, price in _NETS:
        for at in range(blocks):
            against = 0.0 if trusted[at] > 0 else 3.0 + density[at] * words[at]
            net[at] = trusted[at] * (1.0 - density[at]) - price * against
        sums = totals(net, starts, ends)
        best = 0
        for element in range(1, len(parents)):
            if sums[element] > sums[best]:
                best = element
        _fill_distance(rows, inside_row, distance_row, starts[best], ends[best])
        for at in range(blocks):
            rows[share_row, at] = prose_sums[best] / mass


@compiled(
    "void(float32[:, ::1], int64[::1], int64[::1], int64[::1], int64,"
    " float64[::1], float64[::1], float64)"
)
def fill_style_rows(
    rows: NDArray[np.float32],
    inside: Ints,
    parents: Ints,
    style_ids: Ints,
    styles: int,
    words: Floats,
    trusted: Floats,
    mass: float,
) -> None:
    """Fill the rows from "trusted_before" to "style_count".

    Args:
        rows: the features, float32, shape (features, blocks).
        inside: for each block its innermost element, shape (blocks,).
        parents: for each element its parent, shape (elements,).
        style_ids: for each element the number of its style, shape (elements,).
        styles: the numbers of styles are below this.
        words: words of each block, shape (blocks,).
        trusted: the trusted prose of each block, shape (blocks,).
        mass: the trusted prose of the page; at least 1.
    """
    blocks = len(inside)
    keys = np.empty(blocks, np.int64)
    for at in range(blocks):
        own = inside[at]
        keys[at] = style_ids[own] * styles + style_ids[parents[own]]
    group = np.empty(blocks, np.int64)
    count = number_keys(keys, group)
    members = np.zeros(count, np.int64)
    group_words = np.zeros(count, np.float64)
    group_prose = np.zeros(count, np.float64)
    page_words = 0.0
    for at in range(blocks):
        members[group[at]] += 1
        group_words[group[at]] += words[at]
        group_prose[group[at]] += trusted[at]
        page_words += words[at]
    before = 0.0
    for at in range(blocks):
        own = group[at]
        before += trusted[at]
        rows[_TRUSTED_BEFORE, at] = before / mass
        rows[_STYLE_WORDS, at] = group_words[own] / page_words
        rows[_STYLE_PROSE, at] = group_prose[own] / group_words[own]
        rows[_STYLE_PROSE_SHARE, at] = group_prose[own] / mass
        rows[_STYLE_COUNT, at] = members[own]
