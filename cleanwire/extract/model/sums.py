"""Compiled sums over a page's elements, and numbers for equal keys.

Invariant: sums are added up in document order, so that machine code and plain Python give the same
last bit. An element's blocks are a run, so a sum over them is a difference of running sums.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_PROBES = 8
"""How many slots a table looks at for each that it has, before the keys are sorted instead."""


@compiled("float64[::1](float64[::1])")
def running(values: Floats) -> Floats:
    """The running sums of values, with 0 in front; float64, shape (values + 1,)."""
    sums = np.zeros(len(values) + 1, np.float64)
    for at in range(len(values)):
        sums[at + 1] = sums[at] + values[at]
    return sums


@compiled("float64[::1](float64[::1], int64[::1], int64[::1])")
def totals(values: Floats, starts: Ints, ends: Ints) -> Floats:
    """For each element the sum of `values`, one number a block, over its blocks."""
    sums = running(values)
    found = np.empty(len(starts), np.float64)
    for element in range(len(starts)):
        found[element] = sums[ends[element]] - sums[starts[element]]
    return found


@compiled("int64(int64[::1], int64[::1])")
def _number_sorted(keys: Ints, numbers: Ints) -> int:
    """`number_keys` by sorting."""
    order = np.argsort(keys, kind="mergesort")
    first = np.empty(len(keys), np.int64)
    for rank in range(len(keys)):
        at, before = order[rank], order[max(rank - 1, 0)]
        first[at] = first[before] if rank > 0 and keys[before] == keys[at] else at
    count = 0
    for at in range(len(keys)):
        if first[at] == at:
            numbers[at] = count
            count += 1
        else:
            numbers[at] = numbers[first[at]]
    return count


@compiled("int64(int64[::1], int64[::1])")
def number_keys(keys: Ints, numbers: Ints) -> int:
    """Number equal keys alike, in the order in which they come first.

    Args:
        keys: what is numbered; 0 or more, int64, shape (keys,).
        numbers: filled with the number of each key; int64, the same shape.

    Returns:
        How many keys are distinct.
    """
    size = 16
    while size < 2 * len(keys):
        size *= 2
    slots = np.full(size, -1, np.int64)
    # A page can be made so that most of its keys have one slot; then the table gives up.
    probes = _MOST_PROBES * size
    count = 0
    for at in range(len(keys)):
        key = keys[at]
        # Only the low bits are multiplied, so that the product fits an int64.
        slot = (((key ^ (key >> 20)) & 0xFFFFF) * 0x9E3779B1 >> 12) & (size - 1)
        while slots[slot] >= 0 and keys[slots[slot]] != key:
            slot = (slot + 1) & (size - 1)
            probes -= 1
            if probes == 0:
                return _number_sorted(keys, numbers)
        if slots[slot] < 0:
            slots[slot] = at
            numbers[at] = count
            count += 1
        else:
            numbers[at] = numbers[slots[slot]]
    return count
