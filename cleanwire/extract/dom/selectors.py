"""Tells which CSS selectors can match a page at all, because searching a tree is expensive.

Invariant: a selector that matches the page is never left out. Each selector comes with a text that
the attributes of an element must contain for it to match. Searching the attributes for that text is
far cheaper than searching the tree.

Most texts are not searched for either. A Bloom filter with one hash (Bloom 1970) holds all runs of
four bytes of the attributes, and the last four bytes of the text are looked up in it first.
"""

import functools
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

_GRAM = 4
_BITS = 16
_FACTOR = np.uint32(2654435761)
"""Knuth's multiplicative hash: 2^32 over the golden ratio."""
_FEWEST_FILTERED = 1000
"""Shorter attributes get no filter, because searching them is as fast as filling it."""


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


def _hashes(data: bytes) -> npt.NDArray[np.uint32]:
    """The hashes of all runs of four bytes, uint32, each less than 2^`_BITS`."""
    # A view that overlaps itself: each number begins one byte after the one before it.
    grams = np.ndarray((len(data) - _GRAM + 1,), np.dtype("<u4"), data, 0, (1,))
    return (grams * _FACTOR) >> np.uint32(32 - _BITS)


@functools.lru_cache(maxsize=1024)
def _last_hash(needed: str) -> int:
    """The hash of the last four bytes of a text."""
    return int(_hashes(needed.encode())[-1])
