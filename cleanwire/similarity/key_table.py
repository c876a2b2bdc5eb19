"""128-bit keys -> rows: where the decision or the entry of an article is.

Invariant: a key leads to the row it was put for and to no other; the full key is compared.

The table uses open addressing with linear probing. Removing an entry closes its gap (Knuth, TAOCP
6.4 R), so that no tombstones are left.
"""

import functools
import hashlib

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import compiled, inlined
from cleanwire.similarity.tokens import mix

FIRST_SLOTS = 1 << 12
LOAD = 0.7
ID_BYTES = 16

U64 = NDArray[np.uint64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Slots = NDArray[np.uint32]

_KEY = "uint64[::1]"
_STEP = np.uint64(0x9E3779B97F4A7C15)


@functools.lru_cache(maxsize=256)
def key_of(article: str) -> bytes:
    """The 16 bytes that stand for an id: those it spells in lower-case hex, or else its hash."""
    if len(article) == 2 * ID_BYTES:
        try:
            packed = bytes.fromhex(article)
        except ValueError:
            packed = b""
        if packed.hex() == article:
            return packed
    return hash_of(article)


def hash_of(text: str) -> bytes:
    """BLAKE2b (RFC 7693) of a text in UTF-8, 16 bytes."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=ID_BYTES).digest()


@inlined
def _home(one: np.uint64, other: np.uint64, most: int) -> int:
    """The slot at which probing for a key begins; `most` is the last slot."""
    return np.int64(mix(one ^ (other * _STEP)) & np.uint64(most))


@compiled(f"int64({_KEY}, uint32[::1], uint64[:,::1])")
def _find(key: U64, slots: Slots, keys: U64) -> int:
    """The slot of a key.

    Returns:
        The slot; or, if the key is not in the table, -1 - the slot it would be put in.
    """
    most = len(slots) - 1
    at = _home(key[0], key[1], most)
    while slots[at]:
        row = slots[at] - 1
        if keys[row, 0] == key[0] and keys[row, 1] == key[1]:
            return at
        at = (at + 1) & most
    return -1 - at


@compiled("void(uint32[::1], uint64[:,::1], uint32[::1])")
def _move(slots: Slots, keys: U64, more: Slots) -> None:
    """Put all rows of a table into a larger, empty one."""
    most = len(more) - 1
    for slot in slots:
        if slot:
            row = slot - 1
            at = _home(keys[row, 0], keys[row, 1], most)
            while more[at]:
                at = (at + 1) & most
            more[at] = slot


@compiled("boolean[::1](uint64[:,::1], uint32[::1], uint64[:,::1])")
def _known(wanted: U64, slots: Slots, keys: U64) -> Bools:
    """Whether each of many keys, shape (n, 2), is in the table."""
    known = np.empty(len(wanted), np.bool_)
    for number in range(len(wanted)):
        known[number] = _find(wanted[number], slots, keys) >= 0
    return known


@compiled("int64(int64[::1], uint32[::1], uint64[:,::1])")
def _put_all(rows: Ints, slots: Slots, keys: U64) -> int:
    """Put rows whose keys are not in the table; each other row becomes -1 - row in `rows`.

    Returns:
        How many rows were put.
    """
    put = 0
    for number in range(len(rows)):
        row = rows[number]
        at = _find(keys[row], slots, keys)
        if at >= 0:
            rows[number] = -1 - row
        else:
            slots[-1 - at] = row + 1
            put += 1
    return put


@compiled("void(int64, uint32[::1], uint64[:,::1])")
def _close(hole: int, slots: Slots, keys: U64) -> None:
    """Empty a slot, and move up the entries that probed past it."""
    most = len(slots) - 1
    at = hole
    while True:
        at = (at + 1) & most
        if not slots[at]:
            break
        row = slots[at] - 1
        home = _home(keys[row, 0], keys[row, 1], most)
        if ((at - home) & most) >= ((at - hole) & most):
            slots[hole] = slots[at]
            hole = at
    slots[hole] = 0


class KeyTable:
    """Rows by their keys.

    The keys themselves are in an array of the owner, uint64, shape (rows, 2). The owner passes it
    to every call. A key leads to one row.
    """

    def __init__(self) -> None:
        self._slots = np.zeros(FIRST_SLOTS, np.uint32)
        self._count = 0
        # Cache the last lookup: `put` usually follows `slot` for the same key.
        self._last_key = b""
        self._last_slot = 0

    def __len__(self) -> int:
        return self._count

    @property
    def size(self) -> int:
        """Bytes of the table."""
        return self._slots.nbytes

    def find(self, key: bytes, keys: U64) -> int:
        """The row of a key, or -1."""
        at = self.slot(key, keys)
        return int(self._slots[at]) - 1 if at >= 0 else -1

    def slot(self, key: bytes, keys: U64) -> int:
        """The slot of a key; less than 0 if the key is not in the table. `put` takes the slot."""
        if key != self._last_key:
            self._last_key, self._last_slot = key, _find(_words(key), self._slots, keys)
        return self._last_slot

    def put(self, slot: int, row: int, keys: U64) -> None:
        """Let a key lead to a row.

        Args:
            slot: what `slot` returned for the key, with no change of the table since.
            row: the row.
            keys: the owner's keys; the row has the key in it.
        """
        if slot < 0:
            slot = -1 - slot
            self._count += 1
        self._last_key = b""
        self._slots[slot] = row + 1
        self._make_room(0, keys)

    def known(self, wanted: U64, keys: U64) -> Bools:
        """Whether each of many keys, uint64, shape (n, 2), leads to a row."""
        return _known(wanted, self._slots, keys)

    def put_all(self, rows: Ints, keys: U64) -> Ints:
        """Put many rows by the keys that they have in `keys`, in order.

        Returns:
            The rows whose keys lead to another row already. They are not put.
        """
        self._make_room(len(rows), keys)
        marked = rows.copy()
        self._count += _put_all(marked, self._slots, keys)
        self._last_key = b""
        return rows[marked < 0]

    def _make_room(self, rows: int, keys: U64) -> None:
        """Grow the table until it has room for this many more rows."""
        size = len(self._slots)
        while self._count + rows > LOAD * size:
            size *= 2
        if size > len(self._slots):
            more = np.zeros(size, np.uint32)
            _move(self._slots, keys, more)
            self._slots = more

    def remove(self, key: bytes, keys: U64) -> None:
        """Remove a key, if it is in the table; its row must still have it in `keys`."""
        at = self.slot(key, keys)
        if at >= 0:
            _close(at, self._slots, keys)
            self._count -= 1
            self._last_key = b""


def _words(key: bytes) -> U64:
    """A key as two 64-bit integers, for the compiled loops."""
    # A writable buffer: numba takes three times as long to check a read-only array.
    return np.frombuffer(bytearray(key), np.uint64)
