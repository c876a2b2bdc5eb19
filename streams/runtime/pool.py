"""Cleaning in killable processes, with a limit of time and memory a page.

Invariant: whatever a page does to the parser (hang, crash, eat memory) ends in one
answer for that page, and in nothing else. A process that hangs or dies is replaced.
"""

import asyncio
import concurrent.futures
import dataclasses
import multiprocessing
import signal
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Self

from pebble import CONSTS, ProcessExpired, ProcessPool

from cleanwire.clean import clean_event
from cleanwire.dedupe.deduper import event_time_of
from cleanwire.dedupe.records import CandidateRecord, pack_candidate
from cleanwire.errors import REASONS, PageRejected, ParserCrashed, TimeLimit, TooLarge
from cleanwire.events import Source
from streams.settings import PAGE_ATTEMPTS

HEADROOM = 32 * 1024
"""Bytes that an outcome may need on top of its candidate: headers, a duplicate's other URL,
the changelog's key. A candidate that leaves less is `too-large` before it is sent."""

TASKS_PER_PROCESS = 20_000
"""A process is replaced after so many pages, so that a leak in a parser cannot grow."""


# The pool asks a process to end before it kills it, and waits so long. Ours do not listen.
CONSTS.term_timeout = 0.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one page may cost.

    Attributes:
        seconds: wall time for one page.
        page_bytes: the largest body that is cleaned.
        message_bytes: the largest record on the bus.
        memory_bytes: what a process may take on top of what it holds when it starts; 0 is no
            limit, as is anything where the system is not Linux.
        require_article: whether a page that is no article is refused.
    """

    seconds: float
    page_bytes: int
    message_bytes: int
    memory_bytes: int = 0
    require_article: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """A page that gave an article: its id, and the candidate as it goes on the bus."""

    id: str
    candidate: bytes


class CleaningPool:
    """A pool of cleaning processes.

    Args:
        processes: how many pages are cleaned at a time.
        limits: what one page may cost.
    """

    def __init__(self, processes: int, limits: Limits) -> None:
        self._processes = processes
        self._limits = limits
        self._closed = False
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._processes,
            max_tasks=TASKS_PER_PROCESS,
            initializer=_begin,
            initargs=[self._limits.memory_bytes],
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
        """End the processes; pages still in them get no answer."""
        self._closed = True
        _end(self._pool)

    async def clean(
        self, value: bytes | None, source: Source, received_at: float
    ) -> Cleaned | PageRejected:
        """Clean one raw-page event.

        Args:
            value: the event as it is on the bus.
            source: where it came from.
            received_at: when the bus took it in, in seconds since the epoch.

        Returns:
            The candidate, or why there is none.
        """
        for _ in range(PAGE_ATTEMPTS):
            pool = self._pool
            try:
                future = pool.schedule(
                    _clean,
                    args=(value, source, received_at, self._limits),
                    timeout=self._limits.seconds,
                )
                return await asyncio.wrap_future(future)
            except concurrent.futures.TimeoutError:
                return TimeLimit(f"cleaning took longer than {self._limits.seconds:g} s")
            except ProcessExpired as error:
                return ParserCrashed(f"the cleaning process died (exit code {error.exitcode})")
            except (BrokenProcessPool, RuntimeError):
                # A process died between two pages, or in the middle of handing one over: no
                # page's fault that can be told. All pages in the pool come here.
                if self._closed:
                    raise
                await self._renew(pool)
        return ParserCrashed(f"the cleaning processes died {PAGE_ATTEMPTS} times over it")

    async def _renew(self, broken: ProcessPool) -> None:
        if self._pool is broken:
            self._pool = self._new_pool()
            await asyncio.to_thread(_end, broken)


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call] # its one function without types
    pool.join()


def _begin(memory: int) -> None:
    """Begin a cleaning process.

    Whoever ends a worker with all of its processes would end this one in the middle of a page, or
    of handing one over, which the pool would wait for in vain. So it ends when the pool says so.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _limit_memory(memory)


def _limit_memory(size: int) -> None:
    """Let this process take so many bytes on top of what it holds.

    Of the limits that Linux knows, this one counts what is allocated, and no code and no
    address space that is only reserved.
    """
    if not size or sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - not every system has it

    held = int(Path("/proc/self/statm").read_text("ascii").split()[5]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = held + size
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _clean(
    value: bytes | None, source: Source, received_at: float, limits: Limits
) -> Cleaned | PageRejected:
    try:
        return _cleaned(value, source, received_at, limits)
    except PageRejected as error:
        return REASONS[error.reason](error.detail)
    except MemoryError:
        return ParserCrashed("the cleaning process ran out of memory")
    except Exception as error:  # noqa: BLE001 - whatever one page does to a parser costs that page
        return ParserCrashed(f"the cleaner raised {type(error).__name__}")


def _cleaned(
    value: bytes | None, source: Source, received_at: float, limits: Limits
) -> Cleaned | PageRejected:
    article = clean_event(
        value, max_page_bytes=limits.page_bytes, require_article=limits.require_article
    )
    event_time = event_time_of(article.fetched_at, received_at)
    candidate = pack_candidate(
        CandidateRecord(article=article, source=source, event_time=event_time)
    )
    if len(candidate) > limits.message_bytes - HEADROOM:
        return TooLarge(
            f"the article is {len(candidate)} bytes as an event, "
            f"over the limit of {limits.message_bytes - HEADROOM}"
        )
    return Cleaned(id=article.id, candidate=candidate)
