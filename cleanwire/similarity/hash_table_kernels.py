"""The compiled loops of `HashTable`: find, put, sweep and move.

Invariant: a loop changes nothing but the table it is given. What it does depends on the arguments
alone, including the order of the keys. `hash_table` describes the table.
"""

import numpy as np

from cleanwire.native import compiled
from cleanwire.similarity.hash_table_layout import (
    FULL,
    PLACE_BITS,
    SWEPT,
    TABLE,
    WAYS,
    WIDTH,
    Bools,
    Ints,
    Keys,
    Table,
    empty_way,
    row_in,
    second_bucket_step,
    write,
)

_LANES = np.uint64(0x0001000100010001)
_HIGHS = np.uint64(0x8000800080008000)


@compiled(f"int64(int64, {TABLE})")
def _make_room(bucket: int, table: Table) -> int:
    """Free a slot of a full bucket by moving its entry to the entry's other bucket.

    Returns:
        The slot, or -1 if no entry can move.
    """
    buckets = len(table)
    for way in range(WAYS):
        mark = np.int64(table[bucket, way])
        step = second_bucket_step(mark >> 1, buckets)
        other = (bucket - step if mark & 1 else bucket + step) % buckets
        free = empty_way(other, table)
        if free >= 0:
            write(other, free, mark ^ 1, row_in(bucket, way, table), table)
            return way
    return -1


@compiled(f"boolean(int64, int64, int64, int64, {TABLE})")
def _put_free(home: int, second: int, mark: int, row: int, table: Table) -> bool:
    """Let a key lead to a row by a slot that is empty or can be freed.

    Returns:
        False if there is no such slot.
    """
    bucket = home
    way = empty_way(home, table)
    if way < 0:
        bucket = second
        way = empty_way(second, table)
    if way < 0:
        way = _make_room(second, table)
    if way < 0:
        bucket = home
        way = _make_room(home, table)
    if way >= 0:
        write(bucket, way, mark | (bucket != home), row, table)
    return way >= 0


@compiled(f"int64[::1](uint32[::1], {TABLE}, boolean[::1])")
def find(keys: Keys, table: Table, alive: Bools) -> Ints:
    """The live rows that keys lead to.

    Args:
        keys: uint32, shape (n,).
        table: as in `HashTable.table`.
        alive: for each row whether it is alive, bool.

    Returns:
        The hits, int64: row << `PLACE_BITS`, plus the position of the key in `keys`.
    """
    buckets = len(table)
    hits = np.empty(2 * WAYS * len(keys) + 1, np.int64)
    found = touched = 0
    # Touch all buckets first: the processor then loads them from memory at the same time.
    for value in keys:
        key = np.int64(value)
        bucket = key * buckets >> 32
        second = bucket + second_bucket_step(key & 0x7FFF, buckets)
        if second >= buckets:
            second -= buckets
        touched += np.int64(table[bucket, 0]) + np.int64(table[second, 0])
    # Keeps the compiler from removing the loop above; this element is not returned.
    hits[-1] = touched
    # Compare four marks at a time: an equal lane is zero, and borrows from its high bit.
    wide = table.view(np.uint64)
    for position in range(len(keys)):
        key = np.int64(keys[position])
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
                        row = row_in(bucket, way, table)
                        if row >= 0 and alive[row]:
                            hits[found] = (row << PLACE_BITS) + position
                            found += 1
            bucket += second_bucket_step(mark >> 1, buckets)
            if bucket >= buckets:
                bucket -= buckets
            mark |= 1
    return hits[:found]


@compiled(f"int64(int64, int64, int64, boolean, {TABLE}, boolean[::1], int64[::1])")
def _oldest(
    home: int,
    second: int,
    mark: int,
    any_key: bool,
    table: Table,
    alive: Bools,
    row_order: Ints,
) -> int:
    """The slot of the oldest entry of a key, or of any key, in two buckets.

    Returns:
        Bucket * `WAYS` + way. Entries of dead rows are the oldest if `any_key` is set, and are
        ignored if not.
    """
    oldest, found = np.int64(1 << 62), -1
    for bucket, wanted in ((home, mark), (second, mark | 1)):
        for way in range(WAYS):
            if not any_key and table[bucket, way] != wanted:
                continue
            row = row_in(bucket, way, table)
            if row < 0 or (not any_key and not alive[row]):
                continue
            order = row_order[row] if alive[row] else -1
            if order < oldest:
                oldest, found = order, bucket * WAYS + way
    return found


@compiled(f"int64(int64, int64, {TABLE}, boolean[::1], int64[::1], int64, boolean, boolean)")
def _put_one(
    key: int,
    row: int,
    table: Table,
    alive: Bools,
    row_order: Ints,
    cap: int,
    may_not_evict: bool,
    may_evict_other_keys: bool,
) -> int:
    """Let a key lead to a row.

    Args:
        key: the key.
        row: the row.
        table: the table.
        alive: for each row whether it is alive.
        row_order: for each row the sequence in which it was added.
        cap: how many live rows a key leads to at most.
        may_not_evict: at the cap, ignore the row instead of evicting the key's oldest entry.
        may_evict_other_keys: if there is no free slot, evict the oldest entry of another key.

    Returns:
        0 if the key was at its cap (its oldest entry was replaced, or the row was ignored), 1 if an
        empty slot was taken, 2 if an entry of another key was evicted, -1 if there is no room.
    """
    buckets = len(table)
    home = key * buckets >> 32
    mark = (key & 0x7FFF) << 1
    second = home + second_bucket_step(mark >> 1, buckets)
    if second >= buckets:
        second -= buckets
    alive_entries = 0
    for bucket, wanted in ((home, mark), (second, mark | 1)):
        for way in range(WAYS):
            if table[bucket, way] == wanted:
                other = row_in(bucket, way, table)
                alive_entries += other >= 0 and alive[other]
    if alive_entries < cap:
        if _put_free(home, second, mark, row, table):
            return 1
        if not may_evict_other_keys:
            return -1
    elif may_not_evict:
        return 0
    slot = _oldest(home, second, mark, alive_entries < cap, table, alive, row_order)
    bucket = slot // WAYS
    if alive_entries >= cap and row_order[row] < row_order[row_in(bucket, slot % WAYS, table)]:
        # The new row is older than all stored ones. Skip it: the newest `cap` rows are kept,
        # whatever the order in which they are put.
        return 0
    write(bucket, slot % WAYS, mark | (bucket != home), row, table)
    return 2 if alive_entries < cap else 0


@compiled(
    "Tuple((int64, int64, int64))"
    f"(uint32[::1], int64, int64, int64, {TABLE}, boolean[::1], int64[::1], int64, boolean)"
)
def put(
    keys: Keys,
    start: int,
    row: int,
    used: int,
    table: Table,
    alive: Bools,
    row_order: Ints,
    cap: int,
    may_not_evict: bool,
) -> tuple[int, int, int]:
    """Put the keys from position `start` on, until the table has to grow.

    Args:
        keys: the keys of the row, uint32, distinct.
        start: the position of the first key to put.
        row: the row.
        used: how many slots are used.
        table: the table.
        alive: for each row whether it is alive.
        row_order: for each row the sequence in which it was added.
        cap: how many live rows a key leads to at most.
        may_not_evict: as for `_put_one`.

    Returns:
        The position of the first key that was not put, how many slots are used, and how many
        entries of other keys were evicted.
    """
    buckets = len(table)
    size = buckets * WAYS
    evicted = touched = 0
    # Touch all buckets first, as `find` does: both ends of the home bucket, which is written to.
    for position in range(start, len(keys)):
        key = np.int64(keys[position])
        bucket = key * buckets >> 32
        second = bucket + second_bucket_step(key & 0x7FFF, buckets)
        if second >= buckets:
            second -= buckets
        touched += np.int64(table[bucket, 0]) + np.int64(table[second, 0])
        touched += np.int64(table[bucket, WIDTH - 1])
    if touched < 0:
        # Never true, but the compiler cannot know and keeps the loop above.
        return start, used, evicted
    for position in range(start, len(keys)):
        may_evict_other_keys = used <= SWEPT * size
        if used > FULL * size:
            return position, used, evicted
        happened = _put_one(
            np.int64(keys[position]),
            row,
            table,
            alive,
            row_order,
            cap,
            may_not_evict,
            may_evict_other_keys,
        )
        if happened < 0:
            return position, used, evicted
        used += happened == 1
        evicted += happened == 2
    return len(keys), used, evicted


@compiled(
    "Tuple((int64, int64, int64, int64))"
    "(uint32[::1], int64[::1], int64[::1], boolean[::1], int64, int64, int64, "
    f"{TABLE}, boolean[::1], int64[::1], int64)"
)
def put_all(
    keys: Keys,
    ends: Ints,
    rows: Ints,
    may_not_evict: Bools,
    first: int,
    start: int,
    used: int,
    table: Table,
    alive: Bools,
    row_order: Ints,
    cap: int,
) -> tuple[int, int, int, int]:
    """Put the keys of many rows as `put` does, until the table has to grow.

    Args:
        keys: the keys of all rows, uint32.
        ends: the end of each row's keys in `keys`.
        rows: the rows.
        may_not_evict: as for `_put_one`, one for each row.
        first: the index of the row to start with.
        start: the position of the first key of that row to put.
        used: how many slots are used.
        table: the table.
        alive: for each row whether it is alive.
        row_order: for each row the sequence in which it was added.
        cap: how many live rows a key leads to at most.

    Returns:
        The index of the row at which the table has to grow, the position in its keys, how many
        slots are used, and how many entries of other keys were evicted.
    """
    evicted = 0
    for number in range(first, len(rows)):
        begin = ends[number - 1] if number else 0
        own = keys[begin : ends[number]]
        position, used, evicted_entries = put(
            own, start, rows[number], used, table, alive, row_order, cap, may_not_evict[number]
        )
        evicted += evicted_entries
        if position < len(own):
            return number, position, used, evicted
        start = 0
    return len(rows), 0, used, evicted


@compiled(f"int64({TABLE}, boolean[::1])")
def sweep(table: Table, alive: Bools) -> int:
    """Empty the slots of dead rows; returns how many slots stay used."""
    used = 0
    for bucket in range(len(table)):
        for way in range(WAYS):
            row = row_in(bucket, way, table)
            if row < 0:
                continue
            if alive[row]:
                used += 1
            else:
                write(bucket, way, 0, -1, table)
    return used


@compiled(f"int64({TABLE}, {TABLE})")
def move(table: Table, new: Table) -> int:
    """Put all entries of a table into a larger, empty one.

    Returns:
        How many entries found no room.
    """
    buckets, more = len(table), len(new)
    lost = 0
    for bucket in range(buckets):
        for way in range(WAYS):
            row = row_in(bucket, way, table)
            if row < 0:
                continue
            mark = np.int64(table[bucket, way])
            tag = mark >> 1
            home = bucket
            if mark & 1:
                home = bucket - second_bucket_step(tag, buckets)
                if home < 0:
                    home += buckets
            least = ((home << 32) + buckets - 1) // buckets
            key = least + ((tag - least) & 0x7FFF)
            home = key * more >> 32
            second = home + second_bucket_step(tag, more)
            if second >= more:
                second -= more
            lost += not _put_free(home, second, tag << 1, row, new)
    return lost
