"""One killable process, as its parent sees it.

Invariants:
- A request stays in the shared memory, unchanged, until its answer was read.
- The parent never waits for the process: it reads what is there, and what it writes always fits the
  socket's buffer, because few requests are out at a time.
- What is shared with a process is bounded: the bytes of a ring, or its largest request.
"""

import asyncio
import contextlib
import dataclasses
import multiprocessing
import multiprocessing.connection
import socket
import time
from collections.abc import Sequence
from typing import Any

from streams.runtime.killable import child
from streams.runtime.killable.clock import CLOCK_BYTES, Clock, Reading
from streams.runtime.killable.frames import ANSWER, REQUEST
from streams.runtime.killable.ring import Ring
from streams.runtime.killable.shared_memory import SharedMemory

END_SECONDS = 1.0
"""Seconds that the end of a killed process is waited for. It is over in milliseconds."""

_READ_BYTES = 1 << 18


@dataclasses.dataclass(slots=True, eq=False)
class Request:
    """A page that waits for its answer.

    Attributes:
        parts: the bytes of the request, in pieces.
        size: how many they are.
        answer: gets the answer.
        attempts: how many processes ended before they began with it, though it was their next.
    """

    parts: Sequence[bytes]
    size: int
    answer: asyncio.Future[Any]
    attempts: int = 0


class Process:
    """A killable process: it is started, and gives answers once it is ready.

    Args:
        role: what the process does.

    Attributes:
        requests: what it has to answer, in its order, by number.
        is_ready: whether it has said that it takes requests.
        has_ended: whether it has closed its socket, so that no answer comes any more.
        taken: the number of requests that it ever took.
        moved: when it was last heard of or seen at work, or got a request while it had none, by
            `time.monotonic`.

    Raises:
        OSError: the system has no memory, descriptors or processes left.
    """

    def __init__(self, role: child.Role) -> None:
        self.requests: dict[int, Request] = {}
        self.is_ready = False
        self.has_ended = False
        self.taken = 0
        self.moved = time.monotonic()
        self._received = bytearray()
        self._ring = Ring(CLOCK_BYTES)
        self._memory = SharedMemory.made(self._ring.end)
        self._clock = Clock(memoryview(self._memory.map))
        try:
            self._link, theirs = socket.socketpair()
        except BaseException:
            self._release_memory()
            raise
        self._link.settimeout(0)
        # Forking a process that runs threads and an event loop can deadlock the child.
        self._process = multiprocessing.get_context("spawn").Process(
            target=child.run, args=(role, self._memory, theirs), daemon=True
        )
        try:
            self._process.start()
        except BaseException:
            self._link.close()
            self._release_memory()
            raise
        finally:
            # The process's own end is then the last one, and closes with it.
            theirs.close()

    def fileno(self) -> int:
        """A descriptor that can be read when there is an answer, or the process has ended."""
        return self._link.fileno()

    @property
    def clock(self) -> Reading:
        """Which request it works on, and since when."""
        return self._clock.read()

    @property
    def load(self) -> int:
        """The bytes of the requests that it has to answer."""
        return self._ring.bytes

    def has_room(self, size: int) -> bool:
        """Whether it may take a request of `size` bytes now."""
        return self.is_ready and not self.has_ended and self._ring.has_room(size)

    def give(self, number: int, request: Request) -> None:
        """Give it a request, for which it has room.

        Args:
            number: names the request to the process; not 0, and never used before.
            request: the request.

        Raises:
            OSError: the request is larger than the ring, and the system has no memory left.
        """
        self._grow(request.size)
        if not self.requests:
            self.moved = time.monotonic()
        self.requests[number] = request
        self.taken += 1
        at = start = self._ring.place(request.size)
        for part in request.parts:
            self._memory.map[at : at + len(part)] = part
            at += len(part)
        # If it has just ended, whoever reads its answers finds that out, and what it leaves.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._link.send(REQUEST.pack(number, start, request.size))

    def answers(self) -> list[tuple[Request, bytes]]:
        """Read the answers that are there."""
        if self._read():
            self.moved = time.monotonic()
        found, at = [], 0
        while len(self._received) - at >= ANSWER.size:
            number, size = ANSWER.unpack_from(self._received, at)
            end = at + ANSWER.size + size
            if len(self._received) < end:
                break
            answer, at = bytes(memoryview(self._received)[at + ANSWER.size : end]), end
            self.is_ready = True
            if number in self.requests:
                request = self.requests.pop(number)
                self._ring.leave(request.size)
                found.append((request, answer))
            elif number:
                # It answers what it was not asked: a page has taken it over.
                self.has_ended = True
        del self._received[:at]
        return found

    def kill(self) -> None:
        """Kill it; it ends a moment later."""
        self._process.kill()

    def is_dead(self) -> bool:
        """Whether it has died; `wait` returns at once then."""
        return bool(multiprocessing.connection.wait([self._process.sentinel], 0))

    def wait(self) -> int | None:
        """Wait for the end of a process that ends or was killed, and release everything.

        Returns:
            Its exit code, negative for a signal; None if the system did not tell.
        """
        self._process.join(END_SECONDS)
        if not self.is_dead():
            self._process.kill()
            self._process.join(END_SECONDS)
        code = self._process.exitcode
        if code is not None:
            self._process.close()
        self._link.close()
        self._release_memory()
        return code

    def _grow(self, size: int) -> None:
        """Make the memory long enough for a request, which is alone if it is that large."""
        if CLOCK_BYTES + size > len(self._memory.map):
            self._clock.release()
            try:
                self._memory.grow(CLOCK_BYTES + size)
            finally:
                self._clock = Clock(memoryview(self._memory.map))

    def _read(self) -> bool:
        """Read what the socket has; returns whether that was anything."""
        before = len(self._received)
        while not self.has_ended:
            try:
                received = self._link.recv(_READ_BYTES)
            except BlockingIOError:
                break
            except ConnectionResetError:
                received = b""
            self._received += received
            self.has_ended = not received
            if len(received) < _READ_BYTES:
                break
        return len(self._received) > before

    def _release_memory(self) -> None:
        self._clock.release()
        self._memory.close()
