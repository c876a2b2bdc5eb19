"""A packed table from sample hashes to rows: six bytes an entry, no Python object.

The rule here: what a hash leads to depends on what was put and on which rows live, in that
order, and not on the table's size or history: it grows before it would have to forget.

Set-associative, as a processor's cache is. The high bits of a 32-bit key choose a bucket of
`WAYS` slots, the low 16 bits are its tag, and bucket and tag give a second bucket (Fan et al.
2014); an entry goes where there is more room, so that buckets fill evenly (Azar et al. 1999)
and a table is six sevenths full before it doubles. From 65,536 buckets on the tag holds the
bits that the next doubling needs, so growing loses nothing.

Two hashes with one 32-bit key are taken for one: among 100 million entries one hash in twenty
meets a stranger, and a match wants several. A row that died keeps its slots until a sweep;
until then others may take them.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.minhash import U64, firsts

WAYS = 16
FIRST_BITS = 16
LEAST_LOAD = 0.5
"""Buckets that are full in a table that is emptier than this were filled on purpose: their
oldest entry makes room, so that nobody can make the table grow at will."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SCATTER = np.uint32(0x9E37)
_TAG = np.uint32(0xFFFF)
_NEVER = np.int64(2**62)
_CHUNK = 1 << 14
"""Buckets that are looked at together where all are: some megabytes."""

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Slots:
    """Sample hashes -> the latest rows that have them.

    Args:
        cap: a hash leads to at most so many living rows; the oldest makes room.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._bits = FIRST_BITS
        self._tags = np.zeros((1 << FIRST_BITS, WAYS), np.uint16)
        self._rows = np.zeros((1 << FIRST_BITS, WAYS), np.uint32)
        self._used = 0
        self.evicted = 0

    @property
    def size(self) -> int:
        """Bytes."""
        return self._tags.nbytes + self._rows.nbytes

    def __len__(self) -> int:
        """Entries, those of dead rows that were not swept included."""
        return self._used

    def find(self, hashes: U64, living: Bools) -> tuple[Ints, Ints]:
        """Where hashes lead: pairs of a hash's place and a living row, in two arrays."""
        buckets, tags = self._keys(hashes)
        equal = self._tags[buckets].reshape(len(tags), 2 * WAYS) == tags[:, None]
        at = np.flatnonzero(equal)
        places, ways = at // (2 * WAYS), at % (2 * WAYS)
        rows = self._rows[buckets[places, ways // WAYS], ways % WAYS]
        found = rows.astype(np.int64) - 1
        alive = (found >= 0) & living[found]
        return places[alive], found[alive]

    def put(self, hashes: U64, row: int, living: Bools, births: Ints) -> None:
        """Let distinct hashes lead to a row.

        Args:
            hashes: of its sample.
            row: its number; it lives.
            living: of each row whether it lives.
            births: of each row when it was added; the least is the oldest.
        """
        left = hashes
        while len(left):
            buckets, tags = self._keys(left)
            slots, full = self._choose(buckets, tags, living, births)
            if full.any() and self._used >= LEAST_LOAD * self._rows.size:
                self._grow()
                continue
            self.evicted += int(full.sum())
            # Two hashes may have chosen one slot: the first has it, the other chooses again.
            order = np.argsort(slots, kind="stable")
            now = order[firsts(slots[order])]
            rows = self._rows.reshape(-1)
            self._used += int((rows[slots[now]] == 0).sum())
            rows[slots[now]] = row + 1
            self._tags.reshape(-1)[slots[now]] = tags[now]
            if len(now) == len(left):
                return
            left = np.delete(left, now)

    def sweep(self, living: Bools) -> None:
        """Empty the slots of dead rows."""
        for start in range(0, len(self._rows), _CHUNK):
            rows = self._rows[start : start + _CHUNK]
            rows[(rows > 0) & ~living[rows.astype(np.int64) - 1]] = 0
        self._used = int(np.count_nonzero(self._rows))

    def _keys(self, hashes: U64) -> tuple[Ints, NDArray[np.uint16]]:
        """Both buckets of each hash, shape (hashes, 2), and its tag."""
        keys = ((hashes * _MULTIPLIER) >> np.uint64(32)).astype(np.uint32)
        tags = keys & _TAG
        buckets = np.empty((len(keys), 2), np.int64)
        buckets[:, 0] = keys >> np.uint32(32 - self._bits)
        # In the high bits, so that a doubling splits both buckets by the same bit.
        step = (((tags * _SCATTER) & _TAG) | np.uint32(1)).astype(np.int64)
        buckets[:, 1] = buckets[:, 0] ^ (step << (self._bits - FIRST_BITS))
        return buckets, tags.astype(np.uint16)

    def _choose(
        self, buckets: Ints, tags: NDArray[np.uint16], living: Bools, births: Ints
    ) -> tuple[Ints, Bools]:
        """The slot for each key, and which would cost a living entry of another key its own."""
        count = len(buckets)
        rows = self._rows[buckets]
        taken = (rows > 0) & living[rows.astype(np.int64) - 1]
        same = taken & (self._tags[buckets] == tags[:, None, None])
        crowd = taken.sum(axis=2)
        # A free slot of the emptier bucket; a taken one only where no slot is free.
        rank = crowd[:, :, None] + np.where(taken, _NEVER, 0)
        ways = rank.reshape(count, 2 * WAYS).argmin(axis=1)
        full = crowd.min(axis=1) == WAYS
        capped = same.sum(axis=(1, 2)) >= self._cap
        for key in np.flatnonzero(full | capped).tolist():
            mine = same[key] if capped[key] else taken[key]
            ages = np.where(mine, births[rows[key].astype(np.int64) - 1], _NEVER)
            ways[key] = ages.argmin()
        at = np.arange(count)
        return buckets[at, ways // WAYS] * WAYS + ways % WAYS, full & ~capped

    def _grow(self) -> None:
        """Double: a bucket becomes two, by the highest bit of the tags that is no address yet."""
        bit = np.uint16(1 << (31 - self._bits))
        tags, rows = self._tags, self._rows
        self._tags = np.zeros((2 * len(tags), WAYS), np.uint16)
        self._rows = np.zeros((2 * len(rows), WAYS), np.uint32)
        for start in range(0, len(rows), _CHUNK):
            some, old = tags[start : start + _CHUNK], rows[start : start + _CHUNK]
            upper = (some & bit) > 0
            for half, mask in ((0, ~upper), (1, upper)):
                target = slice(2 * start + half, 2 * (start + len(old)) + half, 2)
                self._tags[target] = np.where(mask, some, 0)
                self._rows[target] = np.where(mask, old, 0)
        self._bits += 1
