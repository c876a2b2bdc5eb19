"""A packed hash table from sample hashes to rows: five bytes an entry, no Python objects.

Invariant: the rows that a hash leads to depend on the entries that were put, on their order and on
which rows are alive. They do not depend on the size or the history of the table: it grows before it
would have to drop an entry.

The table is a bucketised cuckoo table. A 32-bit key has a home bucket of `WAYS` slots, which its
high bits select, and a second bucket, which follows from the home and the tag, the key's low 15
bits (Fan et al. 2014). A bit beside the tag says which of the two buckets an entry is in. A new
entry takes an empty slot of its home, else of its second bucket. If both are full, another entry
moves to its own other bucket (Pagh and Rodler 2004). So a table fills up to `FULL` before it grows.
From `FIRST_BUCKETS` buckets on, bucket and tag give the key back, so growing loses nothing.

Two hashes with the same 32-bit key count as one hash. Among 100 million entries, one hash in forty
meets a stranger, and a match needs several hashes. A dead row keeps its slots until a sweep.
"""

import numpy as np

from cleanwire.similarity.hash_table_kernels import move, put, put_all, sweep
from cleanwire.similarity.hash_table_layout import (
    FULL,
    SWEPT,
    WAYS,
    WIDTH,
    Bools,
    Ints,
    Keys,
    Table,
)

LARGE = 1 << 20
"""From this many buckets on a table grows by an eighth instead of a quarter. That takes longer and
needs less memory."""

FIRST_BUCKETS = 1 << 17

SLOT_BYTES = 2 * WIDTH / WAYS / (0.9 * FULL)
"""The bytes an entry takes on average, while a table goes from one size to the next."""


class HashTable:
    """Sample hashes -> the latest rows that have them.

    Args:
        cap: a hash leads to this many live rows at most; above it the oldest entry is evicted.

    Attributes:
        evicted: how many entries were evicted for an entry of another key. Only a table that was
            filled on purpose has any.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._table = _new_table(FIRST_BUCKETS)
        self._used = 0
        self.evicted = 0

    @property
    def table(self) -> Table:
        """The array that `find` takes: uint16, shape (buckets, `WIDTH`)."""
        return self._table

    @property
    def size(self) -> int:
        """Bytes of the table."""
        return self._table.nbytes

    @property
    def buckets(self) -> int:
        """How many buckets of `WAYS` slots there are."""
        return len(self._table)

    def __len__(self) -> int:
        """The number of entries, including those of dead rows that were not swept yet."""
        return self._used

    def put(
        self, keys: Keys, row: int, alive: Bools, row_order: Ints, *, may_not_evict: bool = False
    ) -> None:
        """Let keys lead to a row, in addition to the rows they lead to already.

        A key that leads to `cap` live rows loses the oldest of them, unless the new row is older
        than all of them. The table sweeps dead rows out, or grows, when it is full.

        Args:
            keys: the keys of the row's sample, uint32, distinct, shape (n,).
            row: the number of a live row, less than `MOST_ROWS`.
            alive: for each row whether it is alive, bool, shape (rows,).
            row_order: for each row the sequence in which it was added, int64, shape (rows,); the
                lowest is the oldest.
            may_not_evict: a key that leads to `cap` live rows ignores the new row instead of losing
                the oldest.
        """
        position = 0
        while True:
            position, self._used, evicted = put(
                keys,
                position,
                row,
                self._used,
                self._table,
                alive,
                row_order,
                self._cap,
                may_not_evict,
            )
            self.evicted += evicted
            if position == len(keys):
                return
            self._make_room(alive)

    def put_all(
        self,
        keys: Keys,
        ends: Ints,
        rows: Ints,
        alive: Bools,
        row_order: Ints,
        may_not_evict: Bools,
    ) -> None:
        """Put many rows, one after the other, as `put` does.

        Args:
            keys: the keys of all rows, uint32; row n has those from ends[n - 1] to ends[n].
            ends: the end of each row's keys, int64, shape (n,).
            rows: the numbers of the rows, int64, shape (n,).
            alive: for each row of the index whether it is alive, bool.
            row_order: for each row of the index the sequence in which it was added, int64.
            may_not_evict: as for `put`, bool, shape (n,).
        """
        first = position = 0
        while True:
            first, position, self._used, evicted = put_all(
                keys,
                ends,
                rows,
                may_not_evict,
                first,
                position,
                self._used,
                self._table,
                alive,
                row_order,
                self._cap,
            )
            self.evicted += evicted
            if first == len(rows):
                return
            self._make_room(alive)

    def reserve(self, entries: int) -> None:
        """Grow at once to hold this many entries, if the table is smaller."""
        buckets = self.buckets
        while FULL * WAYS * buckets < entries:
            buckets = _next_size(buckets)
        if buckets > self.buckets:
            self._grow(buckets)

    def _make_room(self, alive: Bools) -> None:
        """Sweep dead rows out; grow if the table is still too full."""
        self.sweep(alive)
        if self._used > SWEPT * (self.buckets * WAYS):
            self._grow(_next_size(self.buckets))

    def sweep(self, alive: Bools) -> None:
        """Empty the slots of dead rows."""
        self._used = sweep(self._table, alive)

    def _grow(self, buckets: int) -> None:
        """Move all entries into a larger table; an entry that finds no room counts as evicted."""
        table = _new_table(buckets)
        lost = move(self._table, table)
        self._used -= lost
        self.evicted += lost
        self._table = table


def _next_size(buckets: int) -> int:
    """The next larger number of buckets."""
    return buckets + (buckets >> (2 if buckets < LARGE else 3))


def _new_table(buckets: int) -> Table:
    return np.zeros((buckets, WIDTH), np.uint16)
