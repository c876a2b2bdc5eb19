"""Works on pages in killable processes, with a limit of time and memory for each page.

Invariant: whatever a page does to the parser (hang, crash, use up memory), it ends in one answer
for that page and affects nothing else. A process that hangs or dies is replaced.
"""

import asyncio
import concurrent.futures
import gc
import importlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any, Self, TypeVar

from pebble import CONSTS, ProcessExpired, ProcessPool

from cleanwire import native
from cleanwire.errors import PageRejected, ParserCrashed, TimeLimit
from cleanwire.events import Source
from cleanwire.page.formats.raw_record import RawRecord
from streams.cleaning.page_cleaning import Cleaned, Limits, clean_timed, limit_memory
from streams.errors import OperationalError
from streams.settings import PAGE_ATTEMPTS

TASKS_PER_PROCESS = 20_000
"""The number of pages after which a process is replaced, so that a leak in a parser cannot grow."""

# Seconds that the pool waits after it asks a process to end, before it kills it. The processes
# ignore the request (`_start_process`), so there is nothing to wait for.
CONSTS.term_timeout = 0.0

# Seconds after which the pool takes a lock for lost. A process that is killed while it takes a page
# or gives an answer never releases its lock, and all others wait for it. Otherwise a lock is held
# for milliseconds.
CONSTS.channel_lock_timeout = 10.0


Answer = TypeVar("Answer")


class KillableProcesses:
    """Processes that work on one page at a time each, and are killed when it takes too long.

    Args:
        processes: how many pages are worked on at a time.
        limits: what one page may cost.
        niceness: how far the processes stand back for others, 0 to 19 (POSIX `nice`).
        work: what the processes do, for the answers about a page that ended one.
        preload: modules that a process imports before its first page, so that the limits are for
            pages alone.

    Raises:
        OperationalError: processes cannot share locks here.
    """

    def __init__(
        self,
        processes: int,
        limits: Limits,
        *,
        niceness: int = 0,
        work: str = "cleaning",
        preload: Sequence[str] = (),
    ) -> None:
        self._processes = processes
        self._limits = limits
        self._niceness = niceness
        self._work = work
        self._preload = preload
        self._closed = False
        require_locks()
        self._pool = self._new_pool()
        self._waiting: set[concurrent.futures.Future[Any]] = set()

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._processes,
            max_tasks=TASKS_PER_PROCESS,
            initializer=_start_process,
            initargs=[self._limits.memory_bytes, self._niceness, self._preload],
            # Forking a process that runs threads and an event loop can deadlock the child.
            context=multiprocessing.get_context("spawn"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; pages that are still in them get no answer."""
        self._closed = True
        _stop(self._pool)

    async def run(self, function: Callable[..., Answer], *args: object) -> Answer | PageRejected:
        """Call a function about one page in one of the processes.

        A page waits while all processes are busy; its time limit begins when a process takes it.
        If the processes break down, the page is tried again, `PAGE_ATTEMPTS` times in all.

        Args:
            function: a function of a module, as pickle demands.
            args: its arguments.

        Returns:
            What the function returns, or what the page did to its process: `TimeLimit` after
            `Limits.seconds` of wall time, and `ParserCrashed` if the process died.

        Raises:
            RuntimeError: the processes are closed. A page that is in them while they close gets no
                answer.
        """
        for _ in range(PAGE_ATTEMPTS):
            pool = self._pool
            try:
                future = pool.schedule(function, args=args, timeout=self._limits.seconds)
                self._waiting.add(future)
                future.add_done_callback(self._waiting.discard)
                return await asyncio.wrap_future(future)
            except concurrent.futures.TimeoutError:
                return TimeLimit(f"{self._work} took longer than {self._limits.seconds:g} s")
            except ProcessExpired as error:
                return ParserCrashed(f"the {self._work} process died (exit code {error.exitcode})")
            except (BrokenProcessPool, RuntimeError):
                # A process died between two pages, or while it took a page or gave an answer. No
                # page can be blamed for that. Every page that the pool has dispatched gets this
                # error.
                if self._closed:
                    raise
                await self._replace(pool)
        return ParserCrashed(f"the {self._work} processes died {PAGE_ATTEMPTS} times over it")

    async def _replace(self, broken: ProcessPool) -> None:
        """Replace a broken pool; only the first page that gets the error does it."""
        if self._pool is broken:
            waiting, self._waiting = self._waiting, set()
            self._pool = self._new_pool()
            await asyncio.to_thread(_stop, broken)
            for future in list(waiting):
                # A page that the pool had not dispatched yet would wait for ever.
                if not future.done():
                    future.set_exception(BrokenProcessPool("the pool broke down"))


class CleaningPool(KillableProcesses):
    """A pool of cleaning processes.

    Args:
        processes: how many pages are cleaned at a time.
        limits: what one page may cost.

    Attributes:
        cleaned: called with the seconds that a process took for a page, without the wait for the
            process. It is not called for a page that cost its process, because that time is not
            known; a page that took too long counts with the limit.
    """

    def __init__(self, processes: int, limits: Limits) -> None:
        super().__init__(processes, limits)
        self.cleaned: Callable[[float], None] = _ignore

    async def clean(
        self, value: bytes | RawRecord | None, source: Source, received_at: float
    ) -> Cleaned | PageRejected:
        """Clean one raw page in one of the processes, as `run` does.

        Args:
            value: the record as it is on the bus, or the value alone of a raw-page event; None for
                a tombstone, which is rejected.
            source: where the event came from; it becomes part of the candidate.
            received_at: when the bus took the event in, in seconds since the epoch. It caps the
                event time.

        Returns:
            The candidate, or the reason why the page is rejected. The reasons include what the page
            did to its process, as for `run`; `ParserCrashed` also if it ran out of memory.

        Raises:
            RuntimeError: as for `run`.
        """
        answer = await self.run(clean_timed, value, source, received_at, self._limits)
        if isinstance(answer, TimeLimit):
            self.cleaned(self._limits.seconds)
        if isinstance(answer, PageRejected):
            return answer
        result, seconds = answer
        self.cleaned(seconds)
        return result


def require_locks() -> None:
    """Refuse to go on unless a lock can be made that processes share, as those of a pool do.

    Python's locks are POSIX semaphores, which Linux keeps in `/dev/shm`. A container may have none,
    or one that is read-only.

    Raises:
        OperationalError: none can be made; the error says why, and what to mount.
    """
    try:
        multiprocessing.get_context("spawn").Lock()
    except OSError as error:
        raise OperationalError(
            f"no locks can be made that processes share: {error.strerror or error}",
            "give this process a /dev/shm that it can write to, a tmpfs for example",
        ) from None


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call] # the one function of pebble without types
    pool.join()


def _start_process(memory_bytes: int, niceness: int, preload: Sequence[str]) -> None:
    """Prepare a process: it ignores SIGTERM, stands back for others, has machine code and limits.

    A service manager may send SIGTERM to a worker and to all of its processes. That would end this
    process in the middle of a page or of an answer, and the pool would wait for the rest in vain.
    So only the pool ends it.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if niceness and hasattr(os, "nice"):
        os.nice(niceness)
    for module in preload:
        importlib.import_module(module)
    # Before the first page, whose time and memory are limited.
    native.require()
    # `streams.cli.main` leaves the collector out of the imports of such a process.
    gc.enable()
    limit_memory(memory_bytes)


def _ignore(_: float) -> None:
    """Measure nothing."""
