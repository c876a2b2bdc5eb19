"""Which blocks are the article's body.

Invariant: the model gives each block the probability that it is content. The set of blocks that
makes the expected F1 of the page greatest is chosen. The chosen blocks need not be one run, because
foreign blocks are in the middle of bodies, and bodies are spread over several elements.
"""

import bisect
import dataclasses

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.dom.parsing import parsed
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata.metadata import Metadata
from cleanwire.extract.model import forest
from cleanwire.extract.model.block_features import Hints, features
from cleanwire.extract.model.feature_names import BLOCK_FEATURES, WORDS
from cleanwire.extract.model.line_features import features as line_features
from cleanwire.extract.model.line_features import second_features
from cleanwire.extract.model.sums import Floats

_LISTS = frozenset({"ul", "ol", "dl"})
_ITEMS = frozenset({"li", "dt", "dd"})
_MOST_BLOCKS = 2
"""The items of a list of lines have at most this many blocks on average."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class BlockSelection:
    """The blocks that were chosen from a page, and why.

    Attributes:
        chosen: the indices of the body's blocks, ascending.
        probability: for each block the probability that it is content, float64, shape (blocks,).
        rows: the features of the blocks, float32, shape (features, blocks); the rows are named by
            `BLOCK_FEATURES`, or by `LINE_FEATURES` for a plain-text page.
    """

    chosen: list[int]
    probability: Floats
    rows: NDArray[np.float32]

    @property
    def block_words(self) -> NDArray[np.float32]:
        """For each block how many words it has, float32, shape (blocks,)."""
        words: NDArray[np.float32] = self.rows[WORDS]
        return words

    @property
    def chosen_words(self) -> float:
        """How many words the chosen blocks have."""
        return float(self.block_words[self.chosen].sum())


def hints_of(metadata: Metadata) -> Hints:
    """What the metadata of a page say of its body."""
    body = metadata.article_body
    if body and "</" in body:
        body = " ".join(read_html(parsed(body)).texts)
    return Hints(
        title=metadata.title,
        description=metadata.description,
        body=squeezed(body) if body else None,
    )


def select_blocks(page: BlockList, hints: Hints) -> BlockSelection:
    """Choose the blocks of the body; none if the page has no blocks."""
    if not len(page):
        return BlockSelection([], np.zeros(0), np.zeros((len(BLOCK_FEATURES), 0), np.float32))
    if page.flat:
        rows = line_features(page, forest.WORDS)
        probability = forest.LINES_AGAIN(second_features(rows, forest.LINES(rows)))
    else:
        rows = features(page, hints, forest.NAMES)
        probability = smoothed(page, forest.BLOCKS(rows), rows[WORDS])
    return BlockSelection(chosen(probability, rows[WORDS]), probability, rows)


def smoothed(page: BlockList, probability: Floats, words: NDArray[np.float32]) -> Floats:
    """The items of a list are content together or not at all: each gets their mean probability.

    Args:
        page: an HTML page.
        probability: for each block the probability that it is content.
        words: for each block how many words it has; the mean is weighted by it.

    Returns:
        The new probabilities. Of nested lists only the innermost counts, and only if its items are
        lines: a list whose items have more than two blocks each lays out the page.
    """
    lists = [index for index, tag in enumerate(page.tags) if tag in _LISTS]
    if not lists:
        return probability
    found = probability.copy()
    items = [index for index, tag in enumerate(page.tags) if tag in _ITEMS]
    starts = page.starts
    for number, index in enumerate(lists):
        start, end = starts[index], page.ends[index]
        if end <= start + 1:
            continue
        # Elements are in document order, so those inside are the next ones that start before the
        # end.
        after = bisect.bisect_left(starts, end, index + 1)
        if number + 1 < len(lists) and lists[number + 1] < after:
            continue
        lines = bisect.bisect_left(items, after) - bisect.bisect_right(items, index)
        if end - start <= _MOST_BLOCKS * lines:
            weights = words[start:end] + 0.01
            found[start:end] = np.dot(probability[start:end], weights) / weights.sum()
    return found


def chosen(probability: Floats, words: NDArray[np.float32]) -> list[int]:
    """The indices of the blocks that make the expected F1 greatest, ascending.

    Sort the blocks by descending probability p, and let w be the words of a block. The expected F1
    of the first k blocks is about 2 sum(p w) / (sum(w) + sum(p w over all blocks)).
    """
    order = np.argsort(-probability, kind="stable")
    expected = (probability * words)[order]
    gain = 2 * np.cumsum(expected)
    size = np.cumsum(words[order]) + expected.sum()
    count = int(np.argmax(gain / np.maximum(size, 1e-9))) + 1
    return sorted(order[:count].tolist())
