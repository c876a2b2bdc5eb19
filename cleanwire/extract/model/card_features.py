"""What repeated elements and elements of one look say of a page's blocks.

Invariant: a card is an element of which there are several in one parent, each with a link and
little prose, as in a stream of teasers. A group is all elements of one style and one parent, so an
article that is split over siblings is one group.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.model.elements import Elements, Floats, Ints, Texts
from cleanwire.extract.model.feature_names import BLOCK_FEATURES

_INDEX = {name: index for index, name in enumerate(BLOCK_FEATURES)}

_FEWEST_CARDS = 5
"""From this many repetitions on an element is a card."""
LINKED_CARDS = 0.7
"""At least this share of the cards has a link."""
_CARD_PROSE = 80
"""A card has fewer words of prose."""
_CORE = 0.6
_BLOCKS = 2
"""A card has this many blocks or more, on average, or is a line with a link."""


def card_features(
    rows: NDArray[np.float32],
    elements: Elements,
    texts: Texts,
    prose_sums: Floats,
    *,
    groups: tuple[Ints, Ints],
) -> NDArray[np.bool_]:
    """Fill the rows from "card_count" to "card_linked".

    Args:
        rows: the features, which are filled.
        elements: the page's elements.
        texts: the blocks' texts, with trusted prose.
        prose_sums: for each element its trusted prose.
        groups: for each element the number of its group: the elements of its parent and style;
            and for each group how many elements it has.

    Returns:
        For each block whether it is in a card.
    """
    group, counts = groups
    has_link = elements.total((texts.density > 0).astype(np.float64)) > 0
    prose = np.bincount(group, weights=prose_sums, minlength=len(counts)) / counts
    linked = np.bincount(group, weights=has_link, minlength=len(counts)) / counts
    size = elements.ends - elements.starts
    blocks = np.bincount(group, weights=size, minlength=len(counts)) / counts
    repeated = (counts >= _FEWEST_CARDS) & ((blocks >= _BLOCKS) | (linked >= LINKED_CARDS))
    is_card = repeated & (linked >= LINKED_CARDS) & (prose < _CARD_PROSE)
    parents = elements.parents
    innermost = np.where(repeated[group], np.arange(len(parents)), parents)
    innermost[0] = 0
    in_card = is_card[group].copy()
    in_card[0] = False
    while True:
        further = innermost[innermost]
        if np.array_equal(further, innermost):
            break
        innermost = further
    up = parents
    while True:
        in_card |= in_card[up]
        if not up.any():
            break
        up = up[up]
    own = group[innermost[elements.inside]]
    known = innermost[elements.inside] > 0
    rows[_INDEX["card_count"]] = np.where(known, counts[own], 0)
    rows[_INDEX["card_prose"]] = np.where(known, prose[own], np.nan)
    rows[_INDEX["card_linked"]] = np.where(known, linked[own], np.nan)
    found: NDArray[np.bool_] = in_card[elements.inside]
    return found


def group_features(
    rows: NDArray[np.float32],
    elements: Elements,
    texts: Texts,
    group: Ints,
    cards: NDArray[np.bool_],
) -> None:
    """Fill the rows from "group_inside" to "group_share"."""
    prose = np.where(cards, 0.0, texts.prose)
    mass = max(float(prose.sum()), 1.0)
    held = np.bincount(group, weights=elements.total(prose))
    blocks = np.bincount(group, weights=elements.ends - elements.starts)
    holds = held >= _CORE * mass
    best = int(np.where(holds, blocks, np.inf).argmin())
    members = group == best
    edges = np.zeros(len(elements.inside) + 1, np.int64)
    np.add.at(edges, elements.starts[members], 1)
    np.add.at(edges, elements.ends[members], -1)
    inside = np.cumsum(edges[:-1]) > 0
    at = np.arange(len(inside))
    before = np.maximum.accumulate(np.where(inside, at, -len(at)))
    after = np.minimum.accumulate(np.where(inside, at, 2 * len(at))[::-1])[::-1]
    rows[_INDEX["group_inside"]] = inside
    rows[_INDEX["group_distance"]] = np.where(at > before, np.minimum(at - before, 999), 0) * (
        after >= 2 * len(at)
    ) - np.minimum(after - at, 999) * (before < 0)
    rows[_INDEX["group_share"]] = held[best] / mass
