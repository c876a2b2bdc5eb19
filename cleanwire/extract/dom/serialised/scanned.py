"""Runs the compiled pass over a serialised tree, and makes a `BlockList` of what it found.

Invariant: the arrays that the pass fills are as large as any tree of this many bytes can need,
because machine code does not check the ends of arrays.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from cleanwire.errors import TooLarge
from cleanwire.extract.dom.block_list import BlockArrays, BlockList
from cleanwire.extract.dom.selectors import WrittenAttributes
from cleanwire.extract.dom.serialised import scan as columns
from cleanwire.extract.dom.tag_names import TAG_ENTRIES, TAG_HASHES, TAG_LINES, TAG_NAMES
from cleanwire.extract.dom.text import UNSEEN, squeezed

MAX_TAGS = 1_000_000
"""A page with more takes seconds and gigabytes, and is no article."""

_SPARE = 64
"""How many bytes and rows every array has beyond what is needed."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Scanned:
    """What the compiled pass found in a serialised `body`; `scan` names the columns.

    Attributes:
        html: the `body`.
        data: the same in UTF-8.
        elements: the elements, in document order.
        blocks: the blocks, in order.
        tags: where the attributes of all tags but those of pictures are, in bytes.
        suspects: the tags whose elements may have to be rewritten.
        parted: the blocks that a blank line or a rule precedes.
        text: the texts of the blocks, a line end after each.
        raw: the preformatted texts, one after the other.
        unknown: how many tags are of elements that HTML does not know.
    """

    html: str
    data: NDArray[np.uint8]
    elements: NDArray[np.int64]
    blocks: NDArray[np.int64]
    tags: NDArray[np.int64]
    suspects: NDArray[np.int64]
    parted: NDArray[np.int64]
    text: NDArray[np.uint8]
    raw: NDArray[np.uint8]
    unknown: int

    def written(self) -> WrittenAttributes:
        """The attributes of the tags."""
        return WrittenAttributes(self.data, self.tags)

    def suspected(self) -> dict[str, list[list[int]]]:
        """The suspects that may be hidden, by their tag and attributes."""
        found: dict[str, list[list[int]]] = {}
        for row in self.suspects[self.suspects[:, columns.IS_ODD] == 0].tolist():
            element = self.html[row[columns.TAG_AT] + 1 : row[columns.TAG_END]]
            found.setdefault(element, []).append(row)
        return found


class _Parts(Sequence[str]):
    """Parts of a text, each cut out when it is asked for: most attributes never are.

    Args:
        text: the text.
        starts: where each part begins.
        ends: where it ends.
    """

    def __init__(self, text: str, starts: Sequence[int], ends: Sequence[int]) -> None:
        self._text, self._starts, self._ends = text, starts, ends

    def __len__(self) -> int:
        """The number of parts."""
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        """A part, or some of them."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return self._text[self._starts[index] : self._ends[index]]

    def __iter__(self) -> Iterator[str]:
        """All parts."""
        return map(self._text.__getitem__, map(slice, self._starts, self._ends))


def scanned(html: str, *, sheet_hides: bool) -> Scanned:
    """Scan a serialised `body`.

    Args:
        html: the `body`, as lexbor writes it.
        sheet_hides: whether the page's style sheets hide classes or ids.

    Raises:
        TooLarge: the tree has more than `MAX_TAGS` tags.
    """
    # A bytearray, because compiled passes reject a read-only buffer.
    data = bytearray(html, "utf-8", "surrogatepass")
    # The tags of the parsed page are counted, because a parser may reopen an element in each
    # paragraph.
    written = data.count(b"<")
    if written > MAX_TAGS:
        raise TooLarge(f"the page has more than {MAX_TAGS} tags")
    most = written + _SPARE
    elements = np.empty((most, columns.ELEMENT_COLUMNS), np.int64)
    blocks = np.empty((most, columns.BLOCK_COLUMNS), np.int64)
    tags = np.empty((most, 2), np.int64)
    suspects = np.empty((most, columns.SUSPECT_COLUMNS), np.int64)
    parted = np.empty(most, np.int64)
    text = np.empty(len(data) + _SPARE, np.uint8)
    # No name is searched for here: that of another element may have the hash of `pre`.
    raw = np.empty(len(data) + _SPARE, np.uint8)
    counts = np.zeros(columns.COUNTS, np.int64)
    source = np.frombuffer(data, np.uint8)
    columns.scan(
        source,
        TAG_HASHES,
        TAG_ENTRIES,
        TAG_LINES,
        int(sheet_hides),
        elements,
        blocks,
        tags,
        suspects,
        parted,
        text,
        raw,
        counts,
    )
    found = counts.tolist()
    return Scanned(
        html=html,
        data=source,
        elements=elements[: found[columns.ELEMENTS]],
        blocks=blocks[: found[columns.BLOCKS]],
        tags=tags[: found[columns.TAGS]],
        suspects=suspects[: found[columns.SUSPECTS]],
        parted=parted[: found[columns.PARTED]],
        text=text[: found[columns.TEXT]],
        raw=raw[: found[columns.RAW]],
        unknown=found[columns.UNKNOWN_TAGS],
    )


def block_list(scan: Scanned) -> BlockList:
    """The blocks and elements of a scanned page as lists."""
    texts = scan.text.tobytes().decode("utf-8", "surrogatepass").split("\n")
    texts.pop()
    if not "".join(texts).isprintable() and any(map(UNSEEN.search, texts)):
        # A block that has only invisible characters is kept with an empty text.
        texts = [squeezed(text) for text in texts]
    html = scan.html
    of_elements = np.ascontiguousarray(scan.elements.T)
    of_blocks = np.ascontiguousarray(scan.blocks.T)
    numbers, names, starts, ends, parents, first, last = of_elements[: columns.BYTE_AT].tolist()
    parents[0] = -1
    linked, links, bold, inside, raw_at, raw_end = of_blocks.tolist()
    raw = {}
    if len(scan.raw):
        data = scan.raw.tobytes()
        raw = {
            index: data[start:end].decode("utf-8", "surrogatepass")
            for index, (start, end) in enumerate(zip(raw_at, raw_end, strict=True))
            if end > start
        }
    tags = list(map(TAG_NAMES.__getitem__, numbers))
    if scan.unknown:
        tags = [
            tag or html[name:start] for tag, name, start in zip(tags, names, starts, strict=True)
        ]
    tags[0] = "body"
    return BlockList(
        texts=texts,
        linked=linked,
        links=links,
        bold=bold,
        inside=inside,
        raw=raw,
        parted=set(scan.parted.tolist()),
        tags=tags,
        attributes=_Parts(html, starts, ends),
        parents=parents,
        starts=first,
        ends=last,
        arrays=BlockArrays(
            linked=of_blocks[columns.LINKED],
            inside=of_blocks[columns.INSIDE],
            tags=of_elements[columns.TAG],
            parents=of_elements[columns.PARENT],
            starts=of_elements[columns.START],
            ends=of_elements[columns.END],
            data=scan.data,
            attributes_at=of_elements[columns.BYTE_AT],
            attributes_end=of_elements[columns.BYTE_END],
        ),
        written=scan.written(),
    )
