"""Compiled: sums over a page's blocks, from which the page is told to be an article or not.

Invariant: sums are added up in document order, so that machine code and plain Python give the same
last bit.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.model.card_rows import LINKED_CARDS
from cleanwire.extract.model.feature_names import BLOCK_FEATURES
from cleanwire.native import compiled

SURE_BLOCK = 0.9
"""From this probability on the model is sure of a block."""
LONG = 20
"""A block of this many words is long."""
BLOCK = 8
"""Blocks of fewer words do not count for `LONG_TOTAL` and `LONG_TAKEN`."""

(TOTAL, TAKEN, BLOCKS, LONG_BLOCKS, LONG_TOTAL, LONG_TAKEN) = range(6)
(EXPECTED, EXPECTED_TAKEN, LONGEST, ENDED, LINKED, LINKED_TAKEN) = range(6, 12)
(LINKED_HEADINGS, SIBLINGS, IN_LISTS, THREE_LONGEST, WIDEST_GAP) = range(12, 17)
(IN_CARDS, MOST_CARDS, SURE_WORDS) = range(17, 20)
FIGURES = 20
"""The figures that `fill_figures` fills, each a place. Words: of all blocks and of the chosen ones
(`TAKEN`); of blocks of some length; expected to be content, in all blocks and in the chosen ones;
of the longest chosen block and of the three longest; in links, in all blocks and in the chosen
ones; in lists; in cards; of long blocks of prose of which the model is sure. Counts: chosen blocks,
long ones among them, and those that end as a sentence does; headings that are mostly a link; the
most siblings of an element, and the most cards; and the most blocks between two chosen ones."""

_AT = BLOCK_FEATURES.index
_WORDS, _ENDED, _DENSITY, _IN_LIST = _AT("words"), _AT("ended"), _AT("density"), _AT("in_list")
_SIBLINGS, _CARDS, _CARD_LINKED = _AT("e1_siblings"), _AT("card_count"), _AT("card_linked")
# Features are float32, and so is what they are compared with.
_LINKED_CARDS = np.float32(LINKED_CARDS)


@compiled("void(float32[:, ::1], float64[::1], uint8[::1], uint8[::1], float64[::1])")
def fill_figures(
    rows: NDArray[np.float32],
    probability: NDArray[np.float64],
    chosen: NDArray[np.uint8],
    is_heading: NDArray[np.uint8],
    figures: NDArray[np.float64],
) -> None:
    """Fill the figures of a page.

    Args:
        rows: the features of its blocks, float32, shape (features, blocks).
        probability: for each block the probability that it is content, shape (blocks,).
        chosen: whether each block is chosen, shape (blocks,).
        is_heading: whether each block is in a heading of level 2 to 4, shape (blocks,).
        figures: filled; shape (FIGURES,).
    """
    figures[:] = 0.0
    last = -1
    second = third = 0.0
    for at in range(rows.shape[1]):
        words = np.float64(rows[_WORDS, at])
        density = np.float64(rows[_DENSITY, at])
        expected = probability[at] * words
        is_card_linked = rows[_CARD_LINKED, at] >= _LINKED_CARDS
        counted = words if words >= BLOCK else 0.0
        figures[TOTAL] += words
        figures[LONG_TOTAL] += counted
        figures[EXPECTED] += expected
        figures[LINKED] += density * words
        figures[LINKED_HEADINGS] += density > 0.5 and is_heading[at] > 0
        figures[SIBLINGS] = max(figures[SIBLINGS], rows[_SIBLINGS, at])
        figures[IN_LISTS] += np.float64(rows[_IN_LIST, at]) * words
        if rows[_CARDS, at] > 0 and is_card_linked:
            figures[IN_CARDS] += words
            figures[MOST_CARDS] = max(figures[MOST_CARDS], rows[_CARDS, at])
        if (
            probability[at] >= SURE_BLOCK
            and words >= LONG
            and rows[_ENDED, at] > 0
            and not is_card_linked
        ):
            figures[SURE_WORDS] += words
        if not chosen[at]:
            continue
        figures[BLOCKS] += 1
        figures[TAKEN] += words
        figures[LONG_BLOCKS] += words >= LONG
        figures[LONG_TAKEN] += counted
        figures[EXPECTED_TAKEN] += expected
        figures[LINKED_TAKEN] += density * words
        figures[ENDED] += rows[_ENDED, at]
        if last >= 0:
            figures[WIDEST_GAP] = max(figures[WIDEST_GAP], at - last)
        last = at
        if words > figures[LONGEST]:
            third, second, figures[LONGEST] = second, figures[LONGEST], words
        elif words > second:
            third, second = second, words
        elif words > third:
            third = words
    figures[THREE_LONGEST] = figures[LONGEST] + second + third
