"""Compiled: where the parts of a serialised tree end: tags, comments, escapes, white space.

Invariant: these know one place of the bytes and no state. They read no byte beyond the end.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import compiled

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

_STYLE = int.from_bytes(b"style", "big")
_HIDDEN = int.from_bytes(b"hidden", "big")


@compiled("int64(uint8[::1], int64)")
def blank_width(data: Bytes, at: int) -> int:
    """How many bytes a white-space character takes, as `str.isspace` has it; 0 if it is none."""
    byte = data[at]
    if byte < 0x80:
        return 1 if byte == 0x20 or 0x09 <= byte <= 0x0D or 0x1C <= byte <= 0x1F else 0
    if byte == 0xC2 and at + 1 < len(data):
        return 2 if data[at + 1] in (0x85, 0xA0) else 0
    if byte not in (0xE1, 0xE2, 0xE3) or at + 2 >= len(data):
        return 0
    second, third = data[at + 1], data[at + 2]
    if byte == 0xE2 and second == 0x80:
        return 3 if 0x80 <= third <= 0x8A or third in (0xA8, 0xA9, 0xAF) else 0
    if byte == 0xE2:
        return 3 if second == 0x81 and third == 0x9F else 0
    if byte == 0xE1:
        return 3 if second == 0x9A and third == 0x80 else 0
    return 3 if second == 0x80 and third == 0x80 else 0


@compiled("int64(uint8[::1], int64)")
def escaped(data: Bytes, at: int) -> int:
    """What an `&` stands for: 256 times the width of the escape, plus the character.

    0 if it is no escape that lexbor writes.
    """
    left = len(data) - at
    if left >= 4 and data[at + 2] == 0x74 and data[at + 3] == 0x3B:
        if data[at + 1] == 0x6C:
            return 4 * 256 + 0x3C
        if data[at + 1] == 0x67:
            return 4 * 256 + 0x3E
    if left >= 5 and data[at + 1] == 0x61 and data[at + 2] == 0x6D and data[at + 3] == 0x70:
        return 5 * 256 + 0x26 if data[at + 4] == 0x3B else 0
    if left >= 6 and data[at + 5] == 0x3B:
        one, two, three, four = data[at + 1], data[at + 2], data[at + 3], data[at + 4]
        if one == 0x6E and two == 0x62 and three == 0x73 and four == 0x70:
            return 6 * 256 + 0x20
        if one == 0x71 and two == 0x75 and three == 0x6F and four == 0x74:
            return 6 * 256 + 0x22
    return 0


@compiled("boolean(uint8[::1], int64, int64)")
def _may_hide(data: Bytes, start: int, end: int) -> bool:
    """Whether the bytes from `start` to `end` are the name of an attribute that may hide."""
    if not 5 <= end - start <= 6:
        return False
    name = 0
    for at in range(start, end):
        name = (name << 8) | int(data[at])
    return name in (_STYLE, _HIDDEN)


@compiled("int64(uint8[::1], int64, int64[::1])")
def tag_end(data: Bytes, at: int, found: Ints) -> int:
    """Where the attributes of a tag end.

    Args:
        data: the serialised tree.
        at: where its name ends.
        found: filled: whether it has a `style` or a `hidden`, and how many bytes of the attributes
            continue a character.

    Returns:
        The place of the `>`; -1 if the tag is not of the form that lexbor writes.
    """
    size = len(data)
    hiding = further = 0
    while at < size and data[at] == 0x20:
        start = at + 1
        if start >= size or data[start] in (0x20, 0x3E):
            return -1
        at = start + 1
        while at < size and data[at] not in (0x20, 0x3D, 0x3E):
            further += data[at] & 0xC0 == 0x80
            at += 1
        if at + 1 >= size or data[at] != 0x3D or data[at + 1] != 0x22:
            return -1
        further += data[start] & 0xC0 == 0x80
        if _may_hide(data, start, at):
            hiding = 1
        at += 2
        while at < size and data[at] != 0x22:
            further += data[at] & 0xC0 == 0x80
            at += 1
        at += 1
    found[0], found[1] = hiding, further
    return at if at < size and data[at] == 0x3E else -1


@compiled("int64(uint8[::1], int64)")
def comment_end(data: Bytes, at: int) -> int:
    """Where the comment that begins at `at` ends, after its `-->`; -1 if it does not."""
    at += 4
    while at + 2 < len(data):
        if data[at + 2] == 0x3E and data[at + 1] == 0x2D and data[at] == 0x2D:
            return at + 3
        at += 1
    return -1
