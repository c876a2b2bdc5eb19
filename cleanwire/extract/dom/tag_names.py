"""The elements of HTML as a hash table, for compiled passes over a serialised tree.

Invariant: an element that is not in the table is unknown to HTML. It has the number 0, and it ends
a line, as an element that may hold blocks does.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.inline import BLOCKS, CLOSED, INLINE
from cleanwire.extract.dom.inline import ODD as ODD_NAMES
from cleanwire.extract.dom.parsing import name_hash

BLOCK, LINK, BOLD, BREAK, RULE, HOLDS_TEXT, ODD, PICTURE = (1 << bit for bit in range(8))
"""Bits of a tag: its element ends a line; is a link, bold, a line break, a rule; is inline and can
hold text; is to be rewritten before it is read; is a picture."""
UNKNOWN = BLOCK
"""The entry of an unknown element: the number 0, and its bits."""
HAS_LINES, PREFORMATTED = 1, 2
"""Bits of an element in which a line break does not end a block, and of one whose white space
counts."""
SLOTS = 1024
"""The size of the table, a power of two."""

_PICTURES = frozenset({"img", "source", "picture"})
_BREAKS = frozenset({"br", "hr"})
_BITS = {"a": LINK, "b": BOLD, "strong": BOLD, "br": BREAK, "hr": RULE}

TAG_NAMES = ("", *BLOCKS, *sorted(INLINE | _BREAKS))
"""The names of the elements by number; the first stands for the unknown ones."""
TAG_NUMBERS = {name: number for number, name in enumerate(TAG_NAMES) if name}
"""The number of each element."""
TAG_LINES: NDArray[np.uint8] = np.array(
    [{"p": HAS_LINES, "pre": HAS_LINES | PREFORMATTED}.get(name, 0) for name in TAG_NAMES], np.uint8
)
"""For each number `HAS_LINES` and `PREFORMATTED` of its element, uint8."""


def _bits(name: str) -> int:
    """The bits of an element."""
    if name not in INLINE and name not in _BREAKS:
        return BLOCK
    bits = _BITS.get(name, 0)
    bits |= HOLDS_TEXT if name in CLOSED else 0
    bits |= ODD if name in ODD_NAMES else 0
    return bits | (PICTURE if name in _PICTURES else 0)


def _table() -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The hash table with open addressing.

    Returns:
        For each slot the hash of a name, and 256 times its number plus its bits.
    """
    hashes, entries = np.zeros(SLOTS, np.uint64), np.zeros(SLOTS, np.int64)
    for number, name in enumerate(TAG_NAMES[1:], 1):
        at = name_hash(name) % SLOTS
        while hashes[at]:
            at = (at + 1) % SLOTS
        hashes[at], entries[at] = name_hash(name), 256 * number + _bits(name)
    return hashes, entries


TAG_HASHES, TAG_ENTRIES = _table()
