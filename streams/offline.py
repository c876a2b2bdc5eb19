"""Batch mode: the pipeline over files, with the cleaning in killable processes.

Invariant: outcomes come in the order of the pages, and they are the stream's outcomes for
the same pages in that order.
"""

import asyncio
import collections
import time
from collections.abc import AsyncIterator, Callable, Iterable

from cleanwire.dedupe.records import unpack_candidate
from cleanwire.errors import PageRejected
from cleanwire.events import Source
from cleanwire.pipeline import OutcomeEvent, Pipeline, rejection
from streams.policy import limits, thresholds, window
from streams.runtime.pool import Cleaned, CleaningPool
from streams.settings import Settings
from streams.sources import InputPage

AHEAD_BYTES = 64 << 20
"""So many bytes of pages are read ahead of the one whose outcome is next."""

_Waiting = tuple[Source, int, asyncio.Task[Cleaned | PageRejected]]


async def outcomes(
    settings: Settings,
    pages: Iterable[InputPage],
    *,
    now: Callable[[], float] = time.time,
) -> AsyncIterator[OutcomeEvent]:
    """The outcome of every page, in order.

    Args:
        settings: window, thresholds and limits; the bus is not touched.
        pages: the raw-page events, read as they are needed.
        now: seconds since the epoch; caps event times as the broker's append time does.
    """
    pipeline = Pipeline(
        window=window(settings),
        thresholds=thresholds(settings),
        most_bytes=settings.dedupe_memory,
    )
    # A page is let go of once it is cleaned; what waits for its turn is its outcome.
    waiting: collections.deque[_Waiting] = collections.deque()
    held = 0

    async def first() -> OutcomeEvent:
        nonlocal held
        source, size, task = waiting.popleft()
        held -= size
        result = await task
        if isinstance(result, PageRejected):
            return rejection(result, source)
        candidate = unpack_candidate(result.candidate)
        return pipeline.decide(candidate.article, source, received_at=candidate.event_time)

    with CleaningPool(settings.clean_processes, limits(settings)) as pool:
        try:
            for page in pages:
                task = asyncio.create_task(_cleaned(pool, page, now()))
                waiting.append((page.source, len(page.value), task))
                held += len(page.value)
                while held > AHEAD_BYTES or len(waiting) > 8 * settings.clean_processes:
                    yield await first()
                await asyncio.sleep(0)
                while waiting and waiting[0][2].done():
                    yield await first()
        except Exception:
            # What was read before the input broke off is still answered for.
            while waiting:
                yield await first()
            raise
        while waiting:
            yield await first()


async def _cleaned(pool: CleaningPool, page: InputPage, now: float) -> Cleaned | PageRejected:
    if page.refusal is not None:
        return page.refusal
    return await pool.clean(page.value, page.source, now)
