"""`BlockList`: the text of a page as blocks, and the elements that they are in.

Invariant: all lists of blocks have the same length, and all lists of elements have the same length.
A block or an element is named by its index in these lists.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.selectors import WrittenAttributes
from cleanwire.extract.dom.tag_names import TAG_NUMBERS

Ints = NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class BlockArrays:
    """The numbers of a `BlockList` as arrays, int64, for compiled passes.

    Attributes:
        linked: for each block how many of its characters are in links.
        inside: for each block the index of its element.
        tags: for each element the number of its tag (`TAG_NAMES`), 0 for an unknown one.
        parents: for each element its parent; the first is its own.
        starts: for each element the index of its first block.
        ends: for each element the index after its last block.
        data: bytes in which the attributes of the elements are, uint8.
        attributes_at: for each element where its attributes begin in these.
        attributes_end: for each element where they end.
    """

    linked: Ints
    inside: Ints
    tags: Ints
    parents: Ints
    starts: Ints
    ends: Ints
    data: NDArray[np.uint8]
    attributes_at: Ints
    attributes_end: Ints


@dataclasses.dataclass(slots=True, eq=False)
class BlockList:
    """A page as blocks, in parallel lists, and the elements around them.

    Attributes:
        texts: for each block its text, one line with single blanks.
        linked: for each block how many of its characters are in links.
        links: for each block how many links it has.
        bold: for each block how many of its characters are bold.
        inside: for each block the index of its innermost element that is not inline.
        raw: for preformatted blocks, by index, the text with its white space.
        parted: the indices of blocks that a blank line in the same element, or a rule, precedes.
        tags: for each element its name. Elements are in document order, `body` first.
        attributes: for each element its attributes as serialised, each with a blank before it.
        parents: for each element the index of the element around it, -1 for the first.
        starts: for each element the index of its first block.
        ends: for each element the index after its last block.
        pruned: how many `nav` and `footer` elements were left out.
        pruned_text: about how many characters outside of links they had, of those that are long.
        flat: whether the page is plain text, so that only its lines are known.
        arrays: the same numbers as arrays, if they are at hand. Who changes the lists sets this to
            None.
        written: the attributes of the page as it was read; None for plain text.
    """

    texts: list[str]
    linked: list[int]
    links: list[int]
    bold: list[int]
    inside: list[int]
    raw: dict[int, str]
    parted: set[int]
    tags: list[str]
    attributes: Sequence[str]
    parents: list[int]
    starts: list[int]
    ends: list[int]
    pruned: int = 0
    pruned_text: int = 0
    flat: bool = False
    arrays: BlockArrays | None = None
    written: WrittenAttributes | None = None

    def __len__(self) -> int:
        """The number of blocks."""
        return len(self.texts)

    def as_arrays(self) -> BlockArrays:
        """The numbers of blocks and elements as arrays, which are made once."""
        if self.arrays is not None:
            return self.arrays
        parents = np.array(self.parents)
        parents[0] = 0
        written = [attributes.encode("utf-8", "surrogatepass") for attributes in self.attributes]
        lengths = np.array(list(map(len, written)))
        attributes_end = np.cumsum(lengths)
        self.arrays = BlockArrays(
            linked=np.array(self.linked),
            inside=np.array(self.inside),
            tags=np.array([TAG_NUMBERS.get(tag, 0) for tag in self.tags]),
            parents=parents,
            starts=np.array(self.starts),
            ends=np.array(self.ends),
            data=np.frombuffer(bytearray(b"".join(written)), np.uint8),
            attributes_at=attributes_end - lengths,
            attributes_end=attributes_end,
        )
        return self.arrays
