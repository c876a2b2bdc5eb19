"""A clock in shared memory: which page a process works on, and since when.

Invariant: the process writes it, and the parent only reads it. Whatever the process does to itself,
the parent knows from the clock which page it did it on. A page that is finished is never blamed.
"""

import dataclasses
import time

CLOCK_BYTES = 64
"""Bytes that a clock takes, at the beginning of the memory."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What a clock says.

    Attributes:
        number: the page that is worked on; 0 between two pages.
        began: when that began, by `time.monotonic`, which processes of one system share; 0 if it
            has not.
        finished: the last page that was finished; 0 before the first.
    """

    number: int
    began: float
    finished: int


class Clock:
    """A clock in the first `CLOCK_BYTES` of a piece of shared memory.

    Args:
        memory: the memory. `release` lets go of it.
    """

    def __init__(self, memory: memoryview) -> None:
        # Each field is one store and one load of 8 bytes, so none is ever read half-written. Any
        # mix of old and new fields is harmless by the order in which they are written.
        self._numbers = memory[:16].cast("Q")
        self._seconds = memory[16:24].cast("d")

    def begin(self, number: int) -> None:
        """Note that a page is begun."""
        self._numbers[0] = number
        self._seconds[0] = time.monotonic()

    def finish(self) -> None:
        """Note that the page is finished."""
        self._numbers[1] = self._numbers[0]
        self._seconds[0] = 0.0
        self._numbers[0] = 0

    def read(self) -> Reading:
        """What the clock says."""
        number, finished = self._numbers
        return Reading(0 if number == finished else number, self._seconds[0], finished)

    def release(self) -> None:
        """Let go of the memory."""
        self._numbers.release()
        self._seconds.release()
