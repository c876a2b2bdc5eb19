"""A packed table from sample hashes to rows: five bytes an entry, no Python object.

Invariant: what a hash leads to depends on what was put and on which rows live, in that
order, and not on the table's size or history: it grows before it would have to forget.

Set-associative, as a processor's cache is. A 32-bit key has a home among the buckets of `WAYS`
slots, by its high bits, and a second bucket that follows from the home and the tag, its low 15
bits (Fan et al. 2014); a bit beside the tag says which of the two an entry stands in. It goes
where there is more room (Azar et al. 1999), and if there is none an entry makes room that can
move to its other bucket (Pagh and Rodler 2004); so a table is `FULL` before it grows. From
`FIRST_BUCKETS` on, bucket and tag give the key back, so growing loses nothing.

Two hashes with one 32-bit key are taken for one: among 100 million entries one hash in forty
meets a stranger, and a match wants several. A row that died keeps its slots until a sweep.
"""

import numpy as np

from cleanwire.similarity.hash_table_kernels import (
    FULL,
    SWEPT,
    WAYS,
    WIDTH,
    Bools,
    Ints,
    Keys,
    Table,
    move,
    put,
    put_all,
    sweep,
)

LARGE = 1 << 20
"""From so many buckets on a table grows by an eighth, and not by a quarter: it takes longer, and
less memory."""

FIRST_BUCKETS = 1 << 17

SLOT_BYTES = 2 * WIDTH / WAYS / (0.9 * FULL)
"""What an entry takes on average, while a table goes from one size to the next."""


class HashTable:
    """Sample hashes -> the latest rows that have them.

    Args:
        cap: a hash leads to at most so many living rows; the oldest makes room.

    Attributes:
        evicted: entries that made room for one of another key; only a table that was filled
            on purpose has any.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._table = _new_table(FIRST_BUCKETS)
        self._used = 0
        self.evicted = 0

    @property
    def table(self) -> Table:
        """The array, as `find` takes it."""
        return self._table

    @property
    def size(self) -> int:
        """Bytes."""
        return self._table.nbytes

    @property
    def buckets(self) -> int:
        """How many buckets of `WAYS` slots there are."""
        return len(self._table)

    def __len__(self) -> int:
        """Entries, those of dead rows that were not swept included."""
        return self._used

    def put(
        self, keys: Keys, row: int, living: Bools, births: Ints, *, yielding: bool = False
    ) -> None:
        """Let distinct keys lead to a row.

        Args:
            keys: of its sample.
            row: its number, less than `MOST_ROWS`; it lives.
            living: of each row whether it lives.
            births: of each row when it was added; the least is the oldest.
            yielding: a key that leads to as many rows as it may does not lead to this one.
        """
        place = 0
        while True:
            place, self._used, evicted = put(
                keys, place, row, self._used, self._table, living, births, self._cap, yielding
            )
            self.evicted += evicted
            if place == len(keys):
                return
            self._make_place(living)

    def put_all(
        self,
        keys: Keys,
        ends: Ints,
        rows: Ints,
        living: Bools,
        births: Ints,
        yielding: Bools,
    ) -> None:
        """As `put`, for many rows in their order; row n has the keys ends[n - 1] to ends[n]."""
        first = place = 0
        while True:
            first, place, self._used, evicted = put_all(
                keys,
                ends,
                rows,
                yielding,
                first,
                place,
                self._used,
                self._table,
                living,
                births,
                self._cap,
            )
            self.evicted += evicted
            if first == len(rows):
                return
            self._make_place(living)

    def reserve(self, entries: int) -> None:
        """Grow at once for so many entries, where there are to be more than now."""
        buckets = self.buckets
        while FULL * WAYS * buckets < entries:
            buckets = _next_size(buckets)
        if buckets > self.buckets:
            self._grow(buckets)

    def _make_place(self, living: Bools) -> None:
        self.sweep(living)
        if self._used > SWEPT * (self.buckets * WAYS):
            self._grow(_next_size(self.buckets))

    def sweep(self, living: Bools) -> None:
        """Empty the slots of dead rows."""
        self._used = sweep(self._table, living)

    def _grow(self, buckets: int) -> None:
        table = _new_table(buckets)
        lost = move(self._table, table)
        self._used -= lost
        self.evicted += lost
        self._table = table


def _next_size(buckets: int) -> int:
    return buckets + (buckets >> (2 if buckets < LARGE else 3))


def _new_table(buckets: int) -> Table:
    return np.zeros((buckets, WIDTH), np.uint16)
