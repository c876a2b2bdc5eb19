"""Stopping a command in order: SIGTERM and Ctrl-C let it finish the batch that it is at.

Invariant: a signal changes nothing but a flag. A second Ctrl-C ends the command at once.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Stop:
    """Whether the command was told to stop, and by what."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.is_interrupt = False

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        del frame
        if number == signal.SIGINT:
            if self.is_interrupt:
                raise KeyboardInterrupt
            self.is_interrupt = True
        self.event.set()

    @property
    def is_asked(self) -> bool:
        """Whether there was a signal."""
        return self.event.is_set()


@contextlib.contextmanager
def stopping() -> Iterator[Stop]:
    """Hear SIGTERM and SIGINT, as long as the block lasts."""
    stop = Stop()
    before = {one: signal.signal(one, stop.hear) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
