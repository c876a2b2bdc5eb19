"""How `HashTable` lies in memory: buckets of slots, and the reading and writing of one slot.

Invariant: a slot that is read back holds the mark and the row that were written.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import compiled, inlined

WAYS = 16
WIDTH = 2 * WAYS + WAYS // 2
FULL = 0.93
SWEPT = 0.8
"""A table whose live entries take less than this share need not grow. If a bucket is full all the
same, it was filled on purpose: its oldest entry is evicted, so that nobody can make the table grow
at will."""

MOST_ROWS = (1 << 24) - 1
PLACE_BITS = 32
"""A hit is a row, shifted left by this many bits, plus the position of the key that led to it."""

U64 = NDArray[np.uint64]
Keys = NDArray[np.uint32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Table = NDArray[np.uint16]
"""Shape (buckets, `WIDTH`). A bucket holds the marks of its slots (a tag and the bit beside it),
then the low 16 bits of their rows, then the high 8 bits, two in one element; what is read together
lies together. A row is stored as its number plus one, and 0 is an empty slot."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
TABLE = "uint16[:,::1]"


@compiled("uint32[::1](uint64[::1])")
def keys_of(hashes: U64) -> Keys:
    """The 32-bit keys of sample hashes, uint32, in the same order."""
    keys = np.empty(len(hashes), np.uint32)
    for at, value in enumerate(hashes):
        keys[at] = np.uint32((value * _MULTIPLIER) >> np.uint64(32))
    return keys


@inlined
def second_bucket_step(tag: int, buckets: int) -> int:
    """The distance from the home bucket to the second bucket, 1 to `buckets` - 1."""
    return 1 + (((tag * 0x9E3779B1) & 0xFFFFFFFF) * (buckets - 1) >> 32)


@inlined
def row_in(bucket: int, way: int, table: Table) -> int:
    """The row in a slot, or -1 if the slot is empty."""
    high = (np.int64(table[bucket, 2 * WAYS + (way >> 1)]) >> ((way & 1) << 3)) & 0xFF
    return np.int64(table[bucket, WAYS + way]) + (high << 16) - 1


@inlined
def write(bucket: int, way: int, mark: int, row: int, table: Table) -> None:
    """Write a mark and a row into a slot; a row of -1 empties it."""
    table[bucket, way] = mark
    table[bucket, WAYS + way] = (row + 1) & 0xFFFF
    shift = (way & 1) << 3
    other = np.int64(table[bucket, 2 * WAYS + (way >> 1)]) & (0xFF00 >> shift)
    table[bucket, 2 * WAYS + (way >> 1)] = other | (((row + 1) >> 16) << shift)


@inlined
def empty_way(bucket: int, table: Table) -> int:
    """The first empty slot of a bucket, or -1."""
    for way in range(WAYS):
        # The low 16 bits decide, except for one row in 65,536.
        if not table[bucket, WAYS + way] and row_in(bucket, way, table) < 0:
            return way
    return -1
