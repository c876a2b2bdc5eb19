"""Compiled: what the names of elements say, read from the bytes of a serialised tree.

Invariant: the answers are those of `class_names.Names.content_shares`. An element is left to it
whose names are beyond ASCII, because their lower case is not a matter of one byte, and so is one
that HTML does not know.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.parsing import PRIME, name_hash
from cleanwire.extract.dom.tag_names import TAG_NAMES
from cleanwire.native import compiled

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Floats = NDArray[np.float64]

MAX_TOKENS = 14
"""How many tokens of a class or an id are read."""
MAX_VALUE = 200
"""How many characters of a class or an id are read."""
MEANINGFUL = frozenset(
    "nav aside footer header main article section figure figcaption form menu address".split()
)
"""Elements whose own name tells what they are for."""
STYLES = (1 << 63) - 1
"""The hash of a style has these bits."""

_CLASS, _ID, _ROLE = (int.from_bytes(name, "big") for name in (b"class", b"id", b"role"))
_ITEMPROP, _STYLE, _HIDDEN = (
    int.from_bytes(name, "big") for name in (b"itemprop", b"style", b"hidden")
)
_ARIA, _DASH_HIDDEN = (int.from_bytes(name, "big") for name in (b"aria", b"-hidden"))
_ARIA_LENGTH = len("aria-hidden")
_PACKED = (1 << 56) - 1
_TRUE = int.from_bytes(b"true", "big")
_NONE = np.frombuffer(b"display:none", np.uint8)

TAG_STYLES: Hashes = np.array([name_hash(name + " ") for name in TAG_NAMES], np.uint64)
"""For each tag the hash with which that of its style begins."""
TAG_TOKENS: Hashes = np.array(
    [name_hash("<" + name) if name in MEANINGFUL else 0 for name in TAG_NAMES], np.uint64
)
"""For each tag the hash of its own token, 0 if it has none."""
PREFIXES: Hashes = np.array([name_hash(n) for n in ("itemprop=", "role=", "=hidden")], np.uint64)
"""The hashes with which those of other tokens begin, and that of the token of hidden elements."""


class NameTable:
    """A table of tokens as arrays: open addressing by hash.

    Args:
        shares: token -> content share and gain.
    """

    def __init__(self, shares: Mapping[str, tuple[float, float]]) -> None:
        size = 16
        while size < 2 * len(shares):
            size *= 2
        self.hashes: Hashes = np.zeros(size, np.uint64)
        self.values: Floats = np.zeros((size, 2), np.float64)
        for token, value in shares.items():
            hashed = name_hash(token)
            at = hashed % size
            while self.hashes[at]:
                at = (at + 1) % size
            self.hashes[at], self.values[at] = hashed, value


@compiled("void(uint64, uint64[::1], float64[:, ::1], float64[::1])")
def _count(token: np.uint64, hashes: Hashes, values: Floats, found: Floats) -> None:
    """Count a token in the least and greatest share and the least gain that were found."""
    mask = np.uint64(len(hashes) - 1)
    slot = np.int64(token & mask)
    while hashes[slot] not in (np.uint64(0), token):
        slot = (slot + 1) & np.int64(mask)
    if hashes[slot] == token:
        found[0] = min(found[0], values[slot, 0])
        found[1] = max(found[1], values[slot, 0])
        found[2] = min(found[2], values[slot, 1])


@compiled(
    "boolean(uint8[::1], int64, int64, uint64, boolean, uint64[::1], float64[:, ::1], float64[::1])"
)
def _count_value(
    data: Bytes,
    start: int,
    end: int,
    prefix: np.uint64,
    whole: int,
    hashes: Hashes,
    values: Floats,
    found: Floats,
) -> bool:
    """Count the tokens of a value; the whole value is one if `whole` is 1.

    Returns:
        Whether all that was read is ASCII.
    """
    token = prefix
    begun = whole > 0
    count = 0
    for at in range(start, min(end, start + MAX_VALUE)):
        byte = data[at]
        if byte >= 0x80:
            return False
        if 0x41 <= byte <= 0x5A:
            byte |= 0x20
        is_mark = byte in (0x2D, 0x2E, 0x2F, 0x3A, 0x5F)
        is_blank = byte == 0x20 or 0x09 <= byte <= 0x0D or 0x1C <= byte <= 0x1F
        if (is_mark or is_blank) and whole == 0:
            if begun:
                _count(token, hashes, values, found)
                count += 1
                if count == MAX_TOKENS:
                    return True
            token, begun = prefix, False
        else:
            token = (token ^ np.uint64(byte)) * PRIME
            begun = True
    if begun:
        _count(token, hashes, values, found)
    return True


@compiled("int64(uint8[::1], int64)")
def _four(data: Bytes, at: int) -> int:
    """Four bytes as a number."""
    number = 0
    for place in range(at, at + 4):
        number = (number << 8) | int(data[place])
    return number


@compiled("boolean(uint8[::1], int64, int64)")
def _hides(data: Bytes, start: int, end: int) -> bool:
    """Whether the value of a `style` says `display:none`, however many blanks are in it."""
    for first in range(start, end):
        same = 0
        at = first
        while (
            at < end and same < 12 and (data[at] == _NONE[same] or (data[at] == 0x20 and same > 0))
        ):
            same += data[at] != 0x20
            at += 1
        if same == 12:
            return True
    return False


@compiled(
    "void(uint8[::1], int64[::1], int64[::1], int64[::1], uint8[::1], uint64[::1], uint64[::1],"
    " uint64[::1], uint64[::1], float64[:, ::1], float64[:, ::1], int64[::1], uint8[::1])"
)
def look_up(
    data: Bytes,
    starts: Ints,
    ends: Ints,
    tags: Ints,
    has_text: Bytes,
    tag_styles: Hashes,
    tag_tokens: Hashes,
    prefixes: Hashes,
    hashes: Hashes,
    values: Floats,
    shares: Floats,
    styles: Ints,
    left: Bytes,
) -> None:
    """Look up the names of elements.

    Args:
        data: attributes in UTF-8, as serialised, shape (bytes,).
        starts: where the attributes of each element begin, shape (elements,).
        ends: where they end, the same shape.
        tags: the number of each element's tag, the same shape.
        has_text: whether each element has text; if not, its tag alone counts. The same shape.
        tag_styles: `TAG_STYLES`.
        tag_tokens: `TAG_TOKENS`.
        prefixes: `PREFIXES`.
        hashes: those of the table's tokens.
        values: content share and gain of the table's tokens.
        shares: filled with least and greatest share and least gain; if no name is in the table, the
            second is -1. Shape (3, elements).
        styles: filled with the hash of each element's tag and class, shape (elements,).
        left: filled with whether an element is left to Python, shape (elements,).
    """
    found = np.empty(3, np.float64)
    for element in range(len(tags)):
        tag = tags[element]
        found[0], found[1], found[2] = 2.0, -1.0, 0.0
        style = tag_styles[tag]
        is_ascii = tag > 0
        has_class = has_id = has_role = has_item = hidden = has_style = False
        at = starts[element] if has_text[element] else ends[element]
        end = ends[element]
        while at < end:
            at += 1
            begin = at
            name = 0
            while at < end and data[at] != 0x3D:
                name = ((name << 8) | int(data[at])) & _PACKED
                at += 1
            length = at - begin
            if length == 8 and data[begin] == 0x69:
                name |= int(data[begin]) << 56
            first = at + 2
            at = first
            while at < end and data[at] != 0x22:
                at += 1
            if length == 5 and name == _CLASS and not has_class:
                has_class = True
                for place in range(first, at):
                    style = (style ^ np.uint64(data[place])) * PRIME
                is_ascii &= _count_value(data, first, at, np.uint64(0), 0, hashes, values, found)
            elif length == 2 and name == _ID and not has_id:
                has_id = True
                is_ascii &= _count_value(data, first, at, np.uint64(0), 0, hashes, values, found)
            elif length == 4 and name == _ROLE and not has_role:
                has_role = True
                is_ascii &= _count_value(data, first, at, prefixes[1], 1, hashes, values, found)
            elif length == 8 and name == _ITEMPROP and not has_item:
                has_item = True
                is_ascii &= _count_value(data, first, at, prefixes[0], 1, hashes, values, found)
            elif length == 6 and name == _HIDDEN:
                hidden = True
            elif length == 5 and name == _STYLE and not has_style:
                has_style = True
                hidden |= _hides(data, first, at)
            elif length == _ARIA_LENGTH and name == _DASH_HIDDEN and at - first == 4:
                hidden |= _four(data, first) == _TRUE and _four(data, begin) == _ARIA
            at += 1
        if hidden:
            _count(prefixes[2], hashes, values, found)
        if tag_tokens[tag]:
            _count(tag_tokens[tag], hashes, values, found)
        shares[0, element], shares[1, element], shares[2, element] = found[0], found[1], found[2]
        styles[element] = np.int64(style & np.uint64(STYLES))
        left[element] = not is_ascii
