"""The compiled loops of the packed table: where a key's slots are, and what is put into them.

Invariant: a loop changes nothing but the table it is given, and what it does depends on the
arguments alone, the order of the keys included. `slots` says what the table is.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import compiled, inlined

WAYS = 16
WIDTH = 2 * WAYS + WAYS // 2
FULL = 0.93
SWEPT = 0.8
"""A table that is emptier than this, once dead rows are swept out, need not grow. Buckets that
are full in it all the same were filled on purpose: their oldest entry makes room, so that nobody
can make the table grow at will."""

MOST_ROWS = (1 << 24) - 1
PLACE_BITS = 32
"""A hit is a row, shifted by so many bits, and the place of the key that led to it."""

U64 = NDArray[np.uint64]
Keys = NDArray[np.uint32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Table = NDArray[np.uint16]
"""Shape (buckets, `WIDTH`): the marks of a bucket's slots (a tag and the bit beside it), the low
16 bits of their rows, and the high 8 bits, two in one; what is looked at together stands
together. A row stands as its number and one, and 0 is an empty slot."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_LANES = np.uint64(0x0001000100010001)
_HIGHS = np.uint64(0x8000800080008000)
_TABLE = "uint16[:,::1]"


@compiled("uint32[::1](uint64[::1])")
def keys_of(hashes: U64) -> Keys:
    """The keys of sample hashes."""
    keys = np.empty(len(hashes), np.uint32)
    for at, value in enumerate(hashes):
        keys[at] = np.uint32((value * _MULTIPLIER) >> np.uint64(32))
    return keys


@inlined
def _step(tag: int, buckets: int) -> int:
    """How far the second bucket is from the home, in 1..buckets - 1."""
    return 1 + (((tag * 0x9E3779B1) & 0xFFFFFFFF) * (buckets - 1) >> 32)


@inlined
def _row(bucket: int, way: int, table: Table) -> int:
    """The row of a slot, or -1."""
    high = (np.int64(table[bucket, 2 * WAYS + (way >> 1)]) >> ((way & 1) << 3)) & 0xFF
    return np.int64(table[bucket, WAYS + way]) + (high << 16) - 1


@inlined
def _set(bucket: int, way: int, mark: int, row: int, table: Table) -> None:
    table[bucket, way] = mark
    table[bucket, WAYS + way] = (row + 1) & 0xFFFF
    shift = (way & 1) << 3
    other = np.int64(table[bucket, 2 * WAYS + (way >> 1)]) & (0xFF00 >> shift)
    table[bucket, 2 * WAYS + (way >> 1)] = other | (((row + 1) >> 16) << shift)


@inlined
def _empty_way(bucket: int, table: Table) -> int:
    """The first empty slot of a bucket, or -1."""
    for way in range(WAYS):
        # What is read first tells all but one of 65,536.
        if not table[bucket, WAYS + way] and _row(bucket, way, table) < 0:
            return way
    return -1


@compiled(f"int64(int64, {_TABLE})")
def _make_room(bucket: int, table: Table) -> int:
    """A slot of a full bucket, after its entry moved to its other bucket; -1 if none can."""
    buckets = len(table)
    for way in range(WAYS):
        mark = np.int64(table[bucket, way])
        step = _step(mark >> 1, buckets)
        other = (bucket - step if mark & 1 else bucket + step) % buckets
        free = _empty_way(other, table)
        if free >= 0:
            _set(other, free, mark ^ 1, _row(bucket, way, table), table)
            return way
    return -1


@compiled(f"boolean(int64, int64, int64, int64, {_TABLE})")
def _put_free(home: int, second: int, mark: int, row: int, table: Table) -> bool:
    """Let a key lead to a row by a slot that is empty or can be made so; whether there is one."""
    bucket = home
    way = _empty_way(home, table)
    if way < 0:
        bucket = second
        way = _empty_way(second, table)
    if way < 0:
        way = _make_room(second, table)
    if way < 0:
        bucket = home
        way = _make_room(home, table)
    if way >= 0:
        _set(bucket, way, mark | (bucket != home), row, table)
    return way >= 0


@compiled(f"int64[::1](uint32[::1], {_TABLE}, boolean[::1])")
def find(keys: Keys, table: Table, living: Bools) -> Ints:
    """Where keys lead: living rows, each shifted by `PLACE_BITS` and with its key's place."""
    buckets = len(table)
    hits = np.empty(2 * WAYS * len(keys) + 1, np.int64)
    found = touched = 0
    # The buckets are far apart: asked for all at once they arrive together.
    for value in keys:
        key = np.int64(value)
        bucket = key * buckets >> 32
        second = bucket + _step(key & 0x7FFF, buckets)
        if second >= buckets:
            second -= buckets
        touched += np.int64(table[bucket, 0]) + np.int64(table[second, 0])
    # Beyond what is returned; or the compiler would see that nobody needs it.
    hits[-1] = touched
    # Four marks at a time: a lane that is equal is zero, and borrows from its high bit.
    wide = table.view(np.uint64)
    for place in range(len(keys)):
        key = np.int64(keys[place])
        bucket = key * buckets >> 32
        mark = (key & 0x7FFF) << 1
        for _ in range(2):
            lanes = np.uint64(mark) * _LANES
            for four in range(WAYS // 4):
                differ = wide[bucket, four] ^ lanes
                if not (differ - _LANES) & ~differ & _HIGHS:
                    continue
                for way in range(4 * four, 4 * four + 4):
                    if table[bucket, way] == mark:
                        row = _row(bucket, way, table)
                        if row >= 0 and living[row]:
                            hits[found] = (row << PLACE_BITS) + place
                            found += 1
            bucket += _step(mark >> 1, buckets)
            if bucket >= buckets:
                bucket -= buckets
            mark |= 1
    return hits[:found]


@compiled(f"int64(int64, int64, int64, boolean, {_TABLE}, boolean[::1], int64[::1])")
def _oldest(
    home: int,
    second: int,
    mark: int,
    any_key: bool,
    table: Table,
    living: Bools,
    births: Ints,
) -> int:
    """The oldest entry of a key, or of any key, in two buckets: bucket times `WAYS` plus way."""
    oldest, found = np.int64(1 << 62), -1
    for bucket, wanted in ((home, mark), (second, mark | 1)):
        for way in range(WAYS):
            if not any_key and table[bucket, way] != wanted:
                continue
            row = _row(bucket, way, table)
            if row < 0 or (not any_key and not living[row]):
                continue
            birth = births[row] if living[row] else -1
            if birth < oldest:
                oldest, found = birth, bucket * WAYS + way
    return found


@compiled(f"int64(int64, int64, {_TABLE}, boolean[::1], int64[::1], int64, boolean, boolean)")
def _put_one(
    key: int,
    row: int,
    table: Table,
    living: Bools,
    births: Ints,
    cap: int,
    yielding: bool,
    may_evict: bool,
) -> int:
    """Let a key lead to a row.

    Returns:
        What happened: 0 the oldest entry of the key made room, or none did; 1 an empty slot was
        taken; 2 an entry of another key made room; -1 nothing, there is no room.
    """
    buckets = len(table)
    home = key * buckets >> 32
    mark = (key & 0x7FFF) << 1
    second = home + _step(mark >> 1, buckets)
    if second >= buckets:
        second -= buckets
    same = 0
    for bucket, wanted in ((home, mark), (second, mark | 1)):
        for way in range(WAYS):
            if table[bucket, way] == wanted:
                other = _row(bucket, way, table)
                same += other >= 0 and living[other]
    if same < cap:
        if _put_free(home, second, mark, row, table):
            return 1
        if not may_evict:
            return -1
    elif yielding:
        return 0
    place = _oldest(home, second, mark, same < cap, table, living, births)
    bucket = place // WAYS
    if same >= cap and births[row] < births[_row(bucket, place % WAYS, table)]:
        # Late itself: the latest stay, in whatever order they come.
        return 0
    _set(bucket, place % WAYS, mark | (bucket != home), row, table)
    return 2 if same < cap else 0


@compiled(
    "Tuple((int64, int64, int64))"
    f"(uint32[::1], int64, int64, int64, {_TABLE}, boolean[::1], int64[::1], int64, boolean)"
)
def put(
    keys: Keys,
    start: int,
    row: int,
    used: int,
    table: Table,
    living: Bools,
    births: Ints,
    cap: int,
    yielding: bool,
) -> tuple[int, int, int]:
    """Put keys from `start` on, until the table has to grow.

    Returns:
        The place of the first key that was not put, the used slots, and the evicted entries.
    """
    buckets = len(table)
    size = buckets * WAYS
    evicted = touched = 0
    # As in `find`: all buckets are asked for at once, and both ends of the one that is filled.
    for place in range(start, len(keys)):
        key = np.int64(keys[place])
        bucket = key * buckets >> 32
        second = bucket + _step(key & 0x7FFF, buckets)
        if second >= buckets:
            second -= buckets
        touched += np.int64(table[bucket, 0]) + np.int64(table[second, 0])
        touched += np.int64(table[bucket, WIDTH - 1])
    if touched < 0:
        # Never; but the compiler cannot know.
        return start, used, evicted
    for place in range(start, len(keys)):
        may_evict = used <= SWEPT * size
        if used > FULL * size:
            return place, used, evicted
        happened = _put_one(
            np.int64(keys[place]), row, table, living, births, cap, yielding, may_evict
        )
        if happened < 0:
            return place, used, evicted
        used += happened == 1
        evicted += happened == 2
    return len(keys), used, evicted


@compiled(
    "Tuple((int64, int64, int64, int64))"
    "(uint32[::1], int64[::1], int64[::1], boolean[::1], int64, int64, int64, "
    f"{_TABLE}, boolean[::1], int64[::1], int64)"
)
def put_all(
    keys: Keys,
    ends: Ints,
    rows: Ints,
    yielding: Bools,
    first: int,
    start: int,
    used: int,
    table: Table,
    living: Bools,
    births: Ints,
    cap: int,
) -> tuple[int, int, int, int]:
    """Put the keys of many rows, from place `start` of row number `first` on, as `put` does.

    Returns:
        The number of the row at which the table has to grow and the place in its keys, the used
        slots, and the evicted entries.
    """
    evicted = 0
    for number in range(first, len(rows)):
        begin = ends[number - 1] if number else 0
        own = keys[begin : ends[number]]
        place, used, lost = put(
            own, start, rows[number], used, table, living, births, cap, yielding[number]
        )
        evicted += lost
        if place < len(own):
            return number, place, used, evicted
        start = 0
    return len(rows), 0, used, evicted


@compiled(f"int64({_TABLE}, boolean[::1])")
def sweep(table: Table, living: Bools) -> int:
    """Empty the slots of dead rows; returns how many slots are left used."""
    used = 0
    for bucket in range(len(table)):
        for way in range(WAYS):
            row = _row(bucket, way, table)
            if row < 0:
                continue
            if living[row]:
                used += 1
            else:
                _set(bucket, way, 0, -1, table)
    return used


@compiled(f"int64({_TABLE}, {_TABLE})")
def move(table: Table, new: Table) -> int:
    """Put all entries of a table into a larger, empty one; returns how many found no room."""
    buckets, more = len(table), len(new)
    lost = 0
    for bucket in range(buckets):
        for way in range(WAYS):
            row = _row(bucket, way, table)
            if row < 0:
                continue
            mark = np.int64(table[bucket, way])
            tag = mark >> 1
            home = bucket
            if mark & 1:
                home = bucket - _step(tag, buckets)
                if home < 0:
                    home += buckets
            least = ((home << 32) + buckets - 1) // buckets
            key = least + ((tag - least) & 0x7FFF)
            home = key * more >> 32
            second = home + _step(tag, more)
            if second >= more:
                second -= more
            lost += not _put_free(home, second, tag << 1, row, new)
    return lost
