"""Characters, elements and cards in plain numpy: what the compiled passes have to equal.

Invariant: characters are counted one by one, and sums are differences of numpy's running sums.
"""

import dataclasses
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.text import CLOSERS, ENDS, UNSPACED
from cleanwire.extract.model.character_counts import COMMAS
from cleanwire.extract.model.feature_names import BLOCK_FEATURES

_INDEX = {name: index for index, name in enumerate(BLOCK_FEATURES)}
LINKED_CARDS = 0.7
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


_FEWEST_CARDS = 5
"""From this many repetitions on an element is a card."""
LINKED_CARDS = 0.7
"""At least this share of the cards has a link."""
_CARD_PROSE = 80
"""A card has fewer words of prose."""
_CORE = 0.6
_BLOCKS = 2
"""A card has this many blocks or more, on average, or is a line with a link."""


class Characters:
    """The characters of texts by kind, counted one by one."""

    def __init__(self, texts: Sequence[str]) -> None:
        def counted(test: object) -> Floats:
            return np.array([sum(map(test, text)) for text in texts], np.float64)  # type: ignore[call-overload]

        def unspaced(character: str) -> bool:
            return any(first <= ord(character) <= last for first, last in UNSPACED)

        self.length = np.array(list(map(len, texts)), np.float64)
        self.words = counted(" ".__eq__) + 1 + np.floor(counted(unspaced) / 2)
        self.upper = counted(lambda c: ord(c) < 1 << 16 and unicodedata.category(c) in ("Lu", "Lt"))
        self.letter = counted(lambda c: ord(c) < 1 << 16 and unicodedata.category(c)[0] == "L")
        self.comma = counted(COMMAS.__contains__)
        self.end = counted(ENDS.__contains__)
        self.ended = np.array(
            [
                text[-1] in ENDS
                or (text[-1] in CLOSERS and text[-2:-1] != "" and text[-2] in ENDS)
                or (0x0E00 <= ord(text[-1]) <= 0x0EFF and len(text) >= 48)
                for text in texts
            ],
            np.float64,
        )

    def good(self) -> NDArray[np.bool_]:
        """Which texts read as prose."""
        return (self.words >= 8) & (
            (self.ended > 0) | (self.comma + self.end >= 2) | (self.words >= 20)
        )


@dataclasses.dataclass(slots=True)
class Texts:
    """The texts of a page's blocks in numbers.

    Attributes:
        words: words.
        density: the share of the text in links, 0 to 1.
        prose: words of prose: all or none of the block's, before names are counted in.
    """

    words: Floats
    density: Floats
    prose: Floats


@dataclasses.dataclass(slots=True)
class Elements:
    """The elements of a page as arrays; the first is its own parent.

    Attributes:
        inside: for each block its innermost element.
        parents: for each element its parent.
        starts: for each element its first block.
        ends: for each element the block after its last.
        style_ids: for each element the number of its style: its tag and class.
        styles: how many styles there may be, at most.
    """

    inside: Ints
    parents: Ints
    starts: Ints
    ends: Ints
    style_ids: Ints
    styles: int

    def total(self, values: Floats) -> Floats:
        """For each element the sum over its blocks of `values`, one number a block."""
        sums = np.concatenate(((0.0,), np.cumsum(values)))
        found: Floats = sums[self.ends] - sums[self.starts]
        return found

    def distance(self, element: int) -> Ints:
        """For each block how many blocks away an element is; 0 or less inside it."""
        first, last = self.starts[element], self.ends[element]
        at = np.arange(len(self.inside))
        gap: Ints = np.maximum(first - at, at - last + 1)
        return gap


def window(values: Floats, span: int) -> Floats:
    """For each block the sum of `values` over the blocks from `span` before to `span` after it."""
    count = len(values)
    sums = np.concatenate(((0.0,), np.cumsum(values)))
    at = np.arange(count)
    upper: Floats = sums[np.minimum(at + span + 1, count)]
    return upper - sums[np.maximum(at - span, 0)]


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
    mass = max(float(np.cumsum(prose)[-1]), 1.0)
    held = np.bincount(group, weights=elements.total(prose))
    blocks = np.bincount(group, weights=elements.ends - elements.starts)
    holds = held >= _CORE * mass
    best = int(np.where(holds, blocks, np.inf).argmin()) if holds.any() else int(group[0])
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
