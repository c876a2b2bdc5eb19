"""What a killable process runs: page after page, until its parent lets go of it.

Invariants:
- The process never outlives its parent by more than the time for one page: the end of the parent
  closes the socket.
- The clock names a page before its first byte is read, and until its whole answer is made.
"""

import contextlib
import dataclasses
import gc
import importlib
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence

from cleanwire import native
from streams.cleaning.page_cleaning import limit_memory
from streams.runtime.killable.clock import Clock
from streams.runtime.killable.frames import ANSWER, REQUEST
from streams.runtime.killable.shared_memory import SharedMemory

HELD_SECONDS = 0.02
HELD_BYTES = 128 * 1024
"""Seconds after the last answers, and bytes, at which answers are sent, so that several wake the
parent once. They are sent at once where no further page is there."""

GRACE_SECONDS = 5.0
"""Seconds after the limit at which a process ends by itself (SIGALRM)."""

Handler = Callable[[memoryview], bytes]
"""Makes the answer to one request; a function of a module, or a `partial` of one."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a process does, and within which limits.

    Attributes:
        handler: answers a request.
        seconds: wall time for one request. The parent keeps the time; a process whose parent is
            gone or stands still ends by itself `GRACE_SECONDS` later.
        memory_bytes: what the process may allocate on top of what it holds when it starts; 0 is no
            limit. On systems other than Linux there is never a limit.
        niceness: how far the process stands back for others, 0 to 19 (POSIX `nice`).
        preload: modules that it imports before its first page, so that the limits are for pages
            alone.
    """

    handler: Handler
    seconds: float
    memory_bytes: int = 0
    niceness: int = 0
    preload: Sequence[str] = ()


def run(role: Role, memory: SharedMemory, link: socket.socket) -> None:
    """Answer requests until the parent ends or closes its end of the socket.

    Args:
        role: what the process does.
        memory: the clock, and then the requests.
        link: this process's end of the socket.
    """
    _prepare(role)
    # The parent has ended, or has no use for this process any more.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        _serve(role, memory, link)


def _serve(role: Role, memory: SharedMemory, link: socket.socket) -> None:
    clock = Clock(memoryview(memory.map))
    requests, answers, sent_at = bytearray(), bytearray(), 0.0
    link.sendall(ANSWER.pack(0, 0))
    while True:
        if len(requests) < REQUEST.size:
            with contextlib.suppress(BlockingIOError):
                requests += _received(link, socket.MSG_DONTWAIT)
                continue
            _send(link, answers)
            requests += _received(link)
            sent_at = time.monotonic()
            continue
        number, start, size = REQUEST.unpack_from(requests)
        del requests[: REQUEST.size]
        signal.setitimer(signal.ITIMER_REAL, role.seconds + GRACE_SECONDS)
        clock.begin(number)
        if start + size > len(memory.map):
            memory.follow()
        answer = role.handler(memoryview(memory.map)[start : start + size])
        answers += ANSWER.pack(number, len(answer))
        answers += answer
        clock.finish()
        now = time.monotonic()
        if len(answers) >= HELD_BYTES or now - sent_at >= HELD_SECONDS:
            _send(link, answers)
            sent_at = now


def _send(link: socket.socket, answers: bytearray) -> None:
    """Send answers, if there are any; that may take as long as the parent is busy."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    if answers:
        link.sendall(answers)
        answers.clear()


def _received(link: socket.socket, flags: int = 0) -> bytes:
    """Requests, as they are there.

    Raises:
        BlockingIOError: there is none, and the flags say not to wait.
        BrokenPipeError: the parent is gone.
    """
    received = link.recv(4096, flags)
    if not received:
        raise BrokenPipeError
    return received


def _prepare(role: Role) -> None:
    """Prepare this process: it ignores signals to end, stands back, and its memory is limited.

    A service manager may send SIGTERM to a worker and to all of its processes, and a terminal sends
    Ctrl-C (SIGINT) to all. That would end this process in the middle of a page, and cost the page.
    So only the parent ends it.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if role.niceness and hasattr(os, "nice"):
        os.nice(role.niceness)
    for module in role.preload:
        importlib.import_module(module)
    # `streams.cli.main` leaves the collector out of the imports of such a process.
    gc.enable()
    # Before the first page, whose time and memory are limited.
    native.require()
    limit_memory(role.memory_bytes)
