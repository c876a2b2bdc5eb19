"""Which CSS selectors can match a page at all: a search of the tree costs far more than of a text.

Invariant: a selector that matches is never left out. Each comes with a text that must stand in
the attributes of an element for it to match.

Even the text is not searched for most of them. A table holds which four bytes stand anywhere in
it (a Bloom filter of one hash, Bloom 1970), and the last four bytes of what is needed are looked
up there first.
"""

import functools
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

_GRAM = 4
_BITS = 16
_FACTOR = np.uint32(2654435761)
"""Knuth's multiplicative hash: 2^32 over the golden ratio."""
_SHORT = 1000
"""Texts of fewer characters are searched as fast as they are entered."""


class Written:
    """The attributes of a page's elements as written, for the question of what stands in them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._grams: npt.NDArray[np.bool_] | None = None
        if len(text) >= _SHORT:
            self._grams = np.zeros(1 << _BITS, np.bool_)
            self._grams[_hashes(text.encode("utf-8", "surrogatepass"))] = True

    def holds(self, needed: str) -> bool:
        """Whether a text stands in them."""
        if self._grams is not None and len(needed) >= _GRAM and not self._grams[_last(needed)]:
            return False
        return needed in self._text

    def those_in(self, selectors: Iterable[tuple[str, str]]) -> str:
        """The selectors that can match, as one; empty if none can.

        Args:
            selectors: of each what its attributes must hold, and itself.
        """
        return ",".join([selector for needed, selector in selectors if self.holds(needed)])


def _hashes(data: bytes) -> npt.NDArray[np.uint32]:
    """The hashes of all runs of four bytes."""
    # A view that overlaps itself: each number begins one byte after the last.
    grams = np.ndarray((len(data) - _GRAM + 1,), np.dtype("<u4"), data, 0, (1,))
    return (grams * _FACTOR) >> np.uint32(32 - _BITS)


@functools.lru_cache(maxsize=1024)
def _last(needed: str) -> int:
    return int(_hashes(needed.encode())[-1])
