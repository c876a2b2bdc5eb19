"""Where requests stand in the shared memory of a process.

Invariant: the requests that are there never overlap, and each is in one piece. They leave in the
order in which they came.
"""

RING_BYTES = 4 << 20
"""Bytes for the requests of a process. A larger request makes the ring grow."""

AHEAD_PAGES = 8
AHEAD_BYTES = RING_BYTES // 2
"""Requests, and their bytes, that a process may have. One request may be larger, alone. As at most
half of the ring is in use, the next request finds room in one piece, wherever the others are."""


class Ring:
    """A ring of bytes.

    Args:
        begin: where it begins.

    Attributes:
        end: where it ends.
        count: how many requests are in it.
        bytes: how many bytes they have.
    """

    def __init__(self, begin: int) -> None:
        self._begin = self._next = begin
        self.end = begin + RING_BYTES
        self.count = self.bytes = 0

    def has_room(self, size: int) -> bool:
        """Whether a request of `size` bytes may come in now."""
        if not self.count:
            return True
        return self.count < AHEAD_PAGES and self.bytes + size <= AHEAD_BYTES

    def place(self, size: int) -> int:
        """Put in a request, for which there is room, and return where it begins.

        A request that is larger than the ring makes it longer: `end` moves.
        """
        if not self.count:
            self._next = self._begin
            self.end = max(self.end, self._begin + size)
        if self._next + size > self.end:
            self._next = self._begin
        start = self._next
        self._next += size
        self.count += 1
        self.bytes += size
        return start

    def leave(self, size: int) -> None:
        """Take out the oldest request, of `size` bytes."""
        self.count -= 1
        self.bytes -= size
