"""The visible text of a page as blocks, and the elements that they stand in.

Invariant: the lists of blocks have one length, and so have those of elements. A block or an
element is named by its place in them.
"""

import dataclasses
from collections.abc import Sequence

from cleanwire.extract.dom.inline import Token


@dataclasses.dataclass(slots=True, eq=False)
class BlockList:
    """A page as blocks, in parallel lists, and the elements around them.

    Attributes:
        texts: of each block its words, white space squeezed; one line.
        linked: how many of its characters stand in links.
        links: how many links it has.
        bold: how many of its characters are bold.
        inside: the place of its innermost element that is not inline.
        raw: of preformatted blocks the text as it was, by the block's place.
        parted: the blocks before which there is a blank line of the same element, or a rule.
        tags: of each element its name. Elements come in document order, `body` first.
        attributes: its attributes as written, each with a blank before it.
        parents: the place of the element around it, -1 for the first.
        starts: its first block.
        ends: the block after its last.
        pruned: how many `nav` and `footer` elements were left out.
        flat: whether this is a plain-text page, of which only the lines are known.
        tokens: of an HTML page what it was read from.
    """

    texts: list[str]
    linked: list[int]
    links: list[int]
    bold: list[int]
    inside: list[int]
    raw: dict[int, str]
    parted: set[int]
    tags: list[str]
    attributes: list[str]
    parents: list[int]
    starts: list[int]
    ends: list[int]
    pruned: int = 0
    flat: bool = False
    tokens: Sequence[Token] = ()

    def __len__(self) -> int:
        """How many blocks there are."""
        return len(self.texts)
