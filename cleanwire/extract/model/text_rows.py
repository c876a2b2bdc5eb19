"""Compiled: what the model sees of a block's text and of the blocks around it.

Invariant: these rows follow from the counts of characters, the links and the place of the headline.
They know nothing of elements.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.model.feature_names import BLOCK_FEATURES
from cleanwire.extract.model.sums import Floats, running
from cleanwire.native import compiled

LINKED = 0.5
"""From this share of its text in links on, a block is no prose."""

_AT = BLOCK_FEATURES.index
_WORDS, _UPPER, _ENDED, _DENSITY = _AT("words"), _AT("upper"), _AT("ended"), _AT("density")
_DENSITY_3, _DENSITY_8, _PROSE_3 = _AT("density_3"), _AT("density_8"), _AT("prose_3")
_NEXT_DENSITY, _NEXT_WORDS = _AT("next_density"), _AT("next_words")
_PREVIOUS_DENSITY, _PREVIOUS_WORDS = _AT("previous_density"), _AT("previous_words")
_WORDS_BEFORE, _PROSE_WORDS_BEFORE = _AT("words_before"), _AT("prose_words_before")
_PROSE_AFTER, _WORDS_FROM_TITLE = _AT("prose_after"), _AT("words_from_title")
_PAGE_BLOCKS, _PAGE_WORDS = _AT("page_blocks"), _AT("page_words")
_HEADING_DENSITY, _HEADING_DISTANCE = _AT("heading_density"), _AT("heading_distance")


@compiled("float64(float64[::1], int64, int64)")
def _window(sums: Floats, at: int, span: int) -> float:
    """The sum over the blocks from `span` before to `span` after one, by running sums."""
    upper = min(at + span + 1, len(sums) - 1)
    lower = max(at - span, 0)
    width: float = sums[upper] - sums[lower]
    return width


@compiled(
    "void(float32[:, ::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    " uint8[::1], uint8[::1], int64)"
)
def fill_text_rows(
    rows: NDArray[np.float32],
    words: Floats,
    upper: Floats,
    letter: Floats,
    density: Floats,
    prose: Floats,
    ended: NDArray[np.uint8],
    is_heading: NDArray[np.uint8],
    title: int,
) -> None:
    """Fill the rows that follow from the texts of the blocks.

    Args:
        rows: the features, float32, shape (features, blocks); its rows from "words" to "ended",
            those of the neighbours, and those of the place on the page are filled.
        words: words of each block, shape (blocks,).
        upper: capital letters of each block, shape (blocks,).
        letter: letters of each block, shape (blocks,).
        density: the share of each block that is in links, 0 to 1, shape (blocks,).
        prose: the words of the blocks that read as prose, else 0, shape (blocks,).
        ended: whether each block ends as a sentence does, shape (blocks,).
        is_heading: whether each block is in a heading, shape (blocks,).
        title: the block of the headline; -1 if there is none.
    """
    count = len(words)
    in_links = np.empty(count, np.float64)
    for at in range(count):
        in_links[at] = density[at] * words[at]
    word_sums, link_sums, prose_sums = running(words), running(in_links), running(prose)
    mass = max(prose_sums[count], 1.0)
    heading = -1
    for at in range(count):
        near = _window(word_sums, at, 3)
        before = word_sums[at + 1] - words[at]
        rows[_WORDS, at] = words[at]
        rows[_UPPER, at] = upper[at] / max(letter[at], 1.0)
        rows[_ENDED, at] = ended[at]
        rows[_DENSITY, at] = density[at]
        rows[_DENSITY_3, at] = _window(link_sums, at, 3) / near
        rows[_DENSITY_8, at] = _window(link_sums, at, 8) / _window(word_sums, at, 8)
        rows[_PROSE_3, at] = _window(prose_sums, at, 3) / near
        rows[_WORDS_BEFORE, at] = before
        rows[_PROSE_WORDS_BEFORE, at] = prose_sums[at + 1] - prose[at]
        rows[_PROSE_AFTER, at] = 1.0 - prose_sums[at + 1] / mass
        rows[_PAGE_BLOCKS, at] = count
        rows[_PAGE_WORDS, at] = word_sums[count]
        if title >= 0:
            rows[_WORDS_FROM_TITLE, at] = before - (word_sums[title + 1] - words[title])
        else:
            rows[_WORDS_FROM_TITLE, at] = np.nan
        first, last = at == 0, at == count - 1
        rows[_PREVIOUS_DENSITY, at] = 1.0 if first else density[at - 1]
        rows[_PREVIOUS_WORDS, at] = 0.0 if first else words[at - 1]
        rows[_NEXT_DENSITY, at] = 1.0 if last else density[at + 1]
        rows[_NEXT_WORDS, at] = 0.0 if last else words[at + 1]
        # The heading above a block; a heading's own is the one before it.
        rows[_HEADING_DENSITY, at] = density[heading] if heading >= 0 else np.nan
        rows[_HEADING_DISTANCE, at] = at - heading if heading >= 0 else np.nan
        if is_heading[at]:
            heading = at
