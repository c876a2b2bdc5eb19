"""Which blocks are the article's body.

Invariant: the model says of every block how likely it is content; what is taken is the set
of blocks that makes the expected F1 of the page greatest. No run of blocks is forced, because
foreign blocks stand in the middle of bodies, and bodies are spread over several elements.
"""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.dom.parsing import parsed
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata.metadata import Metadata
from cleanwire.extract.model import forest
from cleanwire.extract.model.block_features import Floats, Hints, features
from cleanwire.extract.model.line_features import features as line_features
from cleanwire.extract.model.line_features import second_features

_LISTS = frozenset({"ul", "ol", "dl"})


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class BlockSelection:
    """What was decided of a page.

    Attributes:
        chosen: the places of the body's blocks, ascending.
        likely: of each block the probability that it is content.
        rows: the features, shape (features, blocks); row 0 has the words.
    """

    chosen: list[int]
    likely: Floats
    rows: NDArray[np.float32]

    @property
    def words(self) -> float:
        """How many words were chosen."""
        return float(self.rows[0][self.chosen].sum())


def hints_of(metadata: Metadata) -> Hints:
    """What a page's metadata say of its body."""
    body = metadata.article_body
    if body and "</" in body:
        body = " ".join(read_html(parsed(body)).texts)
    return Hints(
        title=metadata.title,
        description=metadata.description,
        body=squeezed(body) if body else None,
    )


def select_blocks(page: BlockList, hints: Hints) -> BlockSelection:
    """Choose the body's blocks; none where a page has none."""
    if not len(page):
        return BlockSelection([], np.zeros(0), np.zeros((1, 0), np.float32))
    if page.flat:
        rows = line_features(page, forest.WORDS)
        likely = forest.LINES_AGAIN(second_features(rows, forest.LINES(rows)))
    else:
        rows = features(page, hints, forest.NAMES)
        likely = smoothed(page, forest.BLOCKS(rows), rows[0])
    return BlockSelection(chosen(likely, rows[0]), likely, rows)


def smoothed(page: BlockList, likely: Floats, words: NDArray[np.float32]) -> Floats:
    """The items of a list are content together or not at all: they get their mean."""
    after = 0
    found = likely.copy()
    for tag, start, end in zip(page.tags, page.starts, page.ends, strict=True):
        if tag in _LISTS and start >= after and end > start + 1:
            weights = words[start:end] + 0.01
            found[start:end] = np.dot(likely[start:end], weights) / weights.sum()
            after = end
    return found


def chosen(likely: Floats, words: NDArray[np.float32]) -> list[int]:
    """The blocks that make the expected F1 greatest.

    Blocks by falling probability p; of the first k of them, expected F1 is about
    2 sum(p w) / (sum(w) + sum(p w of all)), with w the words of a block.
    """
    order = np.argsort(-likely, kind="stable")
    expected = (likely * words)[order]
    gain = 2 * np.cumsum(expected)
    size = np.cumsum(words[order]) + expected.sum()
    count = int(np.argmax(gain / np.maximum(size, 1e-9))) + 1
    return sorted(order[:count].tolist())
