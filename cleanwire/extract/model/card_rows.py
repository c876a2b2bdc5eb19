"""Compiled: what repeated elements and elements of one look say of a page's blocks.

Invariant: a card is an element of which there are several in one parent, each with a link and
little prose, as in a stream of teasers. A group is all elements of one style and one parent, so an
article that is split over siblings is one group.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.model.feature_names import BLOCK_FEATURES
from cleanwire.extract.model.sums import Floats, Ints, running, totals
from cleanwire.native import compiled

LINKED_CARDS = 0.7
"""At least this share of the cards has a link."""

_FEWEST_CARDS = 5
"""From this many repetitions on an element is a card."""
_CARD_PROSE = 80
"""A card has fewer words of prose."""
_CORE = 0.6
_BLOCKS = 2
"""A card has this many blocks or more, on average, or is a line with a link."""
_FAR = 999
"""Distances to a group are cut to this many blocks."""

_AT = BLOCK_FEATURES.index
_CARD_COUNT, _CARD_LINKED = _AT("card_count"), _AT("card_linked")
_CARD_PROSE_ROW = _AT("card_prose")
_GROUP_INSIDE, _GROUP_DISTANCE = _AT("group_inside"), _AT("group_distance")
_GROUP_SHARE = _AT("group_share")


@compiled(
    "uint8[::1](float32[:, ::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    " int64, float64[::1], float64[::1])"
)
def fill_card_rows(
    rows: NDArray[np.float32],
    inside: Ints,
    parents: Ints,
    starts: Ints,
    ends: Ints,
    group: Ints,
    groups: int,
    density: Floats,
    prose_sums: Floats,
) -> NDArray[np.uint8]:
    """Fill the rows from "card_count" to "card_linked".

    Args:
        rows: the features, float32, shape (features, blocks).
        inside: for each block its innermost element, shape (blocks,).
        parents: for each element its parent, shape (elements,).
        starts: for each element its first block, shape (elements,).
        ends: for each element the block after its last, shape (elements,).
        group: for each element the number of its group, shape (elements,).
        groups: how many groups there are.
        density: the share of each block that is in links, shape (blocks,).
        prose_sums: for each element its trusted prose, shape (elements,).

    Returns:
        For each block whether it is in a card; shape (blocks,).
    """
    elements = len(parents)
    links = running((density > 0).astype(np.float64))
    counts = np.zeros(groups, np.float64)
    prose, linked, blocks = counts.copy(), counts.copy(), counts.copy()
    for element in range(elements):
        own = group[element]
        counts[own] += 1
        prose[own] += prose_sums[element]
        linked[own] += links[ends[element]] > links[starts[element]]
        blocks[own] += ends[element] - starts[element]
    for own in range(groups):
        prose[own] /= counts[own]
        linked[own] /= counts[own]
        blocks[own] /= counts[own]
    # The innermost repeated element around each element, 0 if there is none.
    repeated = np.zeros(elements, np.int64)
    in_card = np.zeros(elements, np.uint8)
    for element in range(1, elements):
        own = group[element]
        is_linked = linked[own] >= LINKED_CARDS
        repeats = counts[own] >= _FEWEST_CARDS and (blocks[own] >= _BLOCKS or is_linked)
        repeated[element] = element if repeats else repeated[parents[element]]
        is_card = repeats and is_linked and prose[own] < _CARD_PROSE
        in_card[element] = 1 if is_card else in_card[parents[element]]
    found = np.empty(len(inside), np.uint8)
    for at in range(len(inside)):
        found[at] = in_card[inside[at]]
        around = repeated[inside[at]]
        own = group[around]
        rows[_CARD_COUNT, at] = counts[own] if around > 0 else 0.0
        rows[_CARD_PROSE_ROW, at] = prose[own] if around > 0 else np.nan
        rows[_CARD_LINKED, at] = linked[own] if around > 0 else np.nan
    return found


@compiled(
    "void(float32[:, ::1], int64[::1], int64[::1], int64[::1], int64, uint8[::1], float64[::1])"
)
def fill_group_rows(
    rows: NDArray[np.float32],
    starts: Ints,
    ends: Ints,
    group: Ints,
    groups: int,
    in_card: NDArray[np.uint8],
    trusted: Floats,
) -> None:
    """Fill the rows from "group_inside" to "group_share".

    The group is the smallest one that holds most of the prose that is in no card. If none does, it
    is that of `body`.

    Args:
        rows: the features, float32, shape (features, blocks).
        starts: for each element its first block, shape (elements,).
        ends: for each element the block after its last, shape (elements,).
        group: for each element the number of its group, shape (elements,).
        groups: how many groups there are.
        in_card: for each block whether it is in a card, shape (blocks,).
        trusted: the trusted prose of each block, shape (blocks,).
    """
    count = len(trusted)
    prose = np.empty(count, np.float64)
    mass = 0.0
    for at in range(count):
        prose[at] = 0.0 if in_card[at] else trusted[at]
        mass += prose[at]
    mass = max(mass, 1.0)
    sums = totals(prose, starts, ends)
    held = np.zeros(groups, np.float64)
    blocks = np.zeros(groups, np.int64)
    for element in range(len(group)):
        held[group[element]] += sums[element]
        blocks[group[element]] += ends[element] - starts[element]
    best = -1
    for own in range(groups):
        if held[own] >= _CORE * mass and (best < 0 or blocks[own] < blocks[best]):
            best = own
    best = max(best, 0)
    edges = np.zeros(count + 1, np.int64)
    for element in range(len(group)):
        if group[element] == best:
            edges[starts[element]] += 1
            edges[ends[element]] -= 1
    inside, first, last = 0, -1, -1
    for at in range(count):
        inside += edges[at]
        if inside > 0:
            first = at if first < 0 else first
            last = at
        rows[_GROUP_INSIDE, at] = inside > 0
        rows[_GROUP_SHARE, at] = held[best] / mass
    for at in range(count):
        # Between two parts of a group the distance is 0.
        rows[_GROUP_DISTANCE, at] = min(max(at - last, 0), _FAR) - min(max(first - at, 0), _FAR)
