"""The texts and the elements of a page as arrays, and sums over them.

Invariant: an element's blocks are a run, so a sum over them is a difference of running sums.
"""

import dataclasses

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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
