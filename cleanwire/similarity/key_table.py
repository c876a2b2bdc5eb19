"""128-bit keys -> rows: where a fact or an entry stands, by the id of its article.

Invariant: a key leads to the row it was put for and to no other; the full key is compared.
Open addressing with linear probing; a removed entry closes its gap (Knuth, TAOCP 6.4 R), so
that nothing is left behind.
"""

import functools
import hashlib

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import compiled, inlined
from cleanwire.similarity.tokens import mix

FIRST_PLACES = 1 << 12
LOAD = 0.7
ID_BYTES = 16

U64 = NDArray[np.uint64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Places = NDArray[np.uint32]

_KEY = "uint64[::1]"
_STEP = np.uint64(0x9E3779B97F4A7C15)


@functools.lru_cache(maxsize=256)
def key_of(article: str) -> bytes:
    """16 bytes that stand for an id: those it spells, or else a hash of it."""
    if len(article) == 2 * ID_BYTES:
        try:
            packed = bytes.fromhex(article)
        except ValueError:
            packed = b""
        if packed.hex() == article:
            return packed
    return hash_of(article)


def hash_of(text: str) -> bytes:
    """BLAKE2b (RFC 7693) of a text, 16 bytes."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=ID_BYTES).digest()


@inlined
def _home(one: np.uint64, other: np.uint64, most: int) -> int:
    return np.int64(mix(one ^ (other * _STEP)) & np.uint64(most))


@compiled(f"int64({_KEY}, uint32[::1], uint64[:,::1])")
def _find(key: U64, places: Places, keys: U64) -> int:
    """The place of a key; or, less than 0, where it would be put: -1 minus the place."""
    most = len(places) - 1
    at = _home(key[0], key[1], most)
    while places[at]:
        row = places[at] - 1
        if keys[row, 0] == key[0] and keys[row, 1] == key[1]:
            return at
        at = (at + 1) & most
    return -1 - at


@compiled("void(uint32[::1], uint64[:,::1], uint32[::1])")
def _move(places: Places, keys: U64, more: Places) -> None:
    most = len(more) - 1
    for place in places:
        if place:
            row = place - 1
            at = _home(keys[row, 0], keys[row, 1], most)
            while more[at]:
                at = (at + 1) & most
            more[at] = place


@compiled("boolean[::1](uint64[:,::1], uint32[::1], uint64[:,::1])")
def _known(wanted: U64, places: Places, keys: U64) -> Bools:
    known = np.empty(len(wanted), np.bool_)
    for number in range(len(wanted)):
        known[number] = _find(wanted[number], places, keys) >= 0
    return known


@compiled("int64(int64[::1], uint32[::1], uint64[:,::1])")
def _put_all(rows: Ints, places: Places, keys: U64) -> int:
    """Let the keys of rows lead to them, where they lead nowhere yet; the others become -1 - row.

    Returns:
        How many were put.
    """
    put = 0
    for number in range(len(rows)):
        row = rows[number]
        at = _find(keys[row], places, keys)
        if at >= 0:
            rows[number] = -1 - row
        else:
            places[-1 - at] = row + 1
            put += 1
    return put


@compiled("void(int64, uint32[::1], uint64[:,::1])")
def _close(hole: int, places: Places, keys: U64) -> None:
    """Empty a place, and move up what probed past it."""
    most = len(places) - 1
    at = hole
    while True:
        at = (at + 1) & most
        if not places[at]:
            break
        row = places[at] - 1
        home = _home(keys[row, 0], keys[row, 1], most)
        if ((at - home) & most) >= ((at - hole) & most):
            places[hole] = places[at]
            hole = at
    places[hole] = 0


class KeyTable:
    """Rows by their keys.

    The keys stand in an array of the owner's, shape (rows, 2); a key may lead to one row.
    """

    def __init__(self) -> None:
        self._places = np.zeros(FIRST_PLACES, np.uint32)
        self._count = 0
        # Whoever asks for a key puts it next.
        self._asked = b""
        self._answer = 0

    def __len__(self) -> int:
        return self._count

    @property
    def size(self) -> int:
        """Bytes."""
        return self._places.nbytes

    def find(self, key: bytes, keys: U64) -> int:
        """The row of a key, or -1."""
        at = self.place(key, keys)
        return int(self._places[at]) - 1 if at >= 0 else -1

    def place(self, key: bytes, keys: U64) -> int:
        """Where a key stands, or less than 0 if it does not; `put` takes it."""
        if key != self._asked:
            self._asked, self._answer = key, _find(_words(key), self._places, keys)
        return self._answer

    def put(self, place: int, row: int, keys: U64) -> None:
        """Let the key that `place` was asked for lead to a row, which has it in `keys`."""
        if place < 0:
            place = -1 - place
            self._count += 1
        self._asked = b""
        self._places[place] = row + 1
        self._make_room(0, keys)

    def known(self, wanted: U64, keys: U64) -> Bools:
        """Of each of many keys, shape (n, 2), whether it leads to a row."""
        return _known(wanted, self._places, keys)

    def put_all(self, rows: Ints, keys: U64) -> Ints:
        """Let the keys that rows have in `keys` lead to them, in their order.

        Returns:
            The rows whose keys led to another one already, and go on to.
        """
        self._make_room(len(rows), keys)
        marked = rows.copy()
        self._count += _put_all(marked, self._places, keys)
        self._asked = b""
        return rows[marked < 0]

    def _make_room(self, rows: int, keys: U64) -> None:
        size = len(self._places)
        while self._count + rows > LOAD * size:
            size *= 2
        if size > len(self._places):
            more = np.zeros(size, np.uint32)
            _move(self._places, keys, more)
            self._places = more

    def remove(self, key: bytes, keys: U64) -> None:
        """Forget a key, if it is there; its row still has it in `keys`."""
        at = self.place(key, keys)
        if at >= 0:
            _close(at, self._places, keys)
            self._count -= 1
            self._asked = b""


def _words(key: bytes) -> U64:
    # One that may be written to: numba looks at others three times as long.
    return np.frombuffer(bytearray(key), np.uint64)
