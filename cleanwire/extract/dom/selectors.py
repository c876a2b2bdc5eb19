"""Tells which CSS selectors can match a page at all, because searching a tree is expensive.

Invariant: a selector that matches the page is never left out. Each selector comes with a text that
the attributes of an element must contain for it to match. Searching the attributes for that text is
far cheaper than searching the tree.

Most texts are not searched for either. A Bloom filter with one hash (Bloom 1970) holds all runs of
four bytes of the attributes, and the last four bytes of the text are looked up in it first.
"""

import dataclasses
import functools
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from cleanwire.native import compiled

_GRAM = 4
_BITS = 16
_FACTOR = np.uint32(2654435761)
"""Knuth's multiplicative hash: 2^32 over the golden ratio."""
_FEWEST_FILTERED = 1000
"""Shorter attributes get no filter, because searching them is as fast as filling it."""
_MOST_PROBES = 32
"""How many other attributes one is compared with. Names whose hashes collide are easy to make."""


class AttributeText:
    """The attributes of a page's elements, to be searched for what selectors need.

    Args:
        text: the attributes of all elements, as serialised.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._filter: npt.NDArray[np.bool_] | None = None
        if len(text) >= _FEWEST_FILTERED:
            self._filter = np.zeros(1 << _BITS, np.bool_)
            self._filter[_hashes(text.encode("utf-8", "surrogatepass"))] = True

    def holds(self, needed: str) -> bool:
        """Whether the attributes contain a text."""
        if (
            self._filter is not None
            and len(needed) >= _GRAM
            and not self._filter[_last_hash(needed)]
        ):
            return False
        return needed in self._text

    def selectors_present(self, selectors: Iterable[tuple[str, str]]) -> str:
        """The selectors that can match, joined to one; "" if none can.

        Args:
            selectors: pairs of the text that the attributes must contain, and the selector.
        """
        return ",".join([selector for needed, selector in selectors if self.holds(needed)])


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class WrittenAttributes:
    """The attributes of a page as it was serialised.

    Attributes:
        data: the page in UTF-8, uint8, shape (bytes,).
        tags: where the attributes of each tag begin and end, in bytes; int64, shape (tags, 2).
    """

    data: npt.NDArray[np.uint8]
    tags: npt.NDArray[np.int64]

    def text(self) -> AttributeText:
        """The attributes, to be searched."""
        slots = np.full(4 << len(self.tags).bit_length(), -1, np.int64)
        size = int((self.tags[:, 1] - self.tags[:, 0]).sum())
        gathered = np.empty(size, np.uint8)
        size = _gather(self.data, self.tags, slots, gathered)
        return AttributeText(gathered[:size].tobytes().decode("utf-8", "surrogatepass"))


@compiled("int64(uint8[::1], int64[:, ::1], int64[::1], uint8[::1])")
def _gather(
    data: npt.NDArray[np.uint8],
    tags: npt.NDArray[np.int64],
    slots: npt.NDArray[np.int64],
    gathered: npt.NDArray[np.uint8],
) -> int:
    """Gather the attributes of all tags, equal ones mostly once.

    Args:
        data: the page in UTF-8, shape (bytes,).
        tags: where the attributes of each tag begin and end, in bytes, shape (tags, 2).
        slots: a hash table of -1 each; its size is a power of two, and more than twice the tags.
        gathered: filled with the attributes; as long as those of all tags.

    Returns:
        How many bytes were gathered.
    """
    out = 0
    for tag in range(len(tags)):
        start, end = tags[tag, 0], tags[tag, 1]
        # FNV-1a of 32 bits, so that products stay below 2^63.
        name = 2166136261
        for at in range(start, end):
            name = ((name ^ int(data[at])) * 16777619) & 0xFFFFFFFF
        slot = name & (len(slots) - 1)
        same = False
        for _ in range(_MOST_PROBES):
            if slots[slot] < 0:
                slots[slot] = tag
                break
            other = tags[slots[slot], 0]
            same = tags[slots[slot], 1] - other == end - start
            at = 0
            while same and at < end - start:
                same = data[other + at] == data[start + at]
                at += 1
            if same:
                break
            slot = (slot + 1) & (len(slots) - 1)
        if same:
            continue
        for at in range(start, end):
            gathered[out] = data[at]
            out += 1
    return out


def _hashes(data: bytes) -> npt.NDArray[np.uint32]:
    """The hashes of all runs of four bytes, uint32, each less than 2^`_BITS`."""
    # A view that overlaps itself: each number begins one byte after the one before it.
    grams = np.ndarray((len(data) - _GRAM + 1,), np.dtype("<u4"), data, 0, (1,))
    return (grams * _FACTOR) >> np.uint32(32 - _BITS)


@functools.lru_cache(maxsize=1024)
def _last_hash(needed: str) -> int:
    """The hash of the last four bytes of a text."""
    return int(_hashes(needed.encode())[-1])
