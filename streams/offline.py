"""Batch mode: runs the pipeline over files, and cleans pages in killable processes.

Invariant: outcomes come in the order of the pages. They are the outcomes that the stream gives for
the same pages in that order.
"""

import asyncio
import collections
import time
from collections.abc import AsyncIterator, Callable, Iterable

from cleanwire import native
from cleanwire.dedupe.records import unpack_candidate
from cleanwire.errors import PageRejected
from cleanwire.events import Source
from cleanwire.pipeline import OutcomeEvent, Pipeline, rejection
from streams import policy
from streams.cleaning.page_cleaning import Cleaned
from streams.runtime.pool import CleaningPool
from streams.settings import Settings
from streams.sources import InputPage

AHEAD_BYTES = 64 << 20
"""Bytes of pages that may be read ahead of the page whose outcome comes next."""

_Waiting = tuple[Source, int, asyncio.Task[Cleaned | PageRejected]]


async def outcomes(
    settings: Settings,
    pages: Iterable[InputPage],
    *,
    pipeline: Pipeline | None = None,
    now: Callable[[], float] = time.time,
) -> AsyncIterator[OutcomeEvent]:
    """Decide on every page, in order.

    Args:
        settings: the window, the thresholds and the limits; this function uses no bus.
        pages: the raw-page events; each one is read when it is needed.
        pipeline: what decides; None for one that knows no page yet.
        now: returns seconds since the epoch; it caps event times as the broker's append time does.

    Yields:
        One outcome for each page, in the order of the pages.
    """
    # What is compiled here is found by the processes of the pool.
    native.require()
    pipeline = pipeline or policy.pipeline(settings)
    # The queue holds no pages: the memory of a page is free once it is cleaned, and only its result
    # waits for its turn.
    waiting: collections.deque[_Waiting] = collections.deque()
    held = 0

    async def first_outcome() -> OutcomeEvent:
        nonlocal held
        source, size, task = waiting.popleft()
        held -= size
        result = await task
        if isinstance(result, PageRejected):
            return rejection(result, source)
        candidate = unpack_candidate(result.candidate)
        return pipeline.decide(candidate.article, source, received_at=candidate.event_time)

    with CleaningPool(settings.clean_processes, policy.limits(settings)) as pool:
        try:
            for page in pages:
                task = asyncio.create_task(_clean(pool, page, now()))
                waiting.append((page.source, len(page.value), task))
                held += len(page.value)
                while held > AHEAD_BYTES or len(waiting) > 8 * settings.clean_processes:
                    yield await first_outcome()
                await asyncio.sleep(0)
                while waiting and waiting[0][2].done():
                    yield await first_outcome()
        except Exception:
            # The input broke off. The pages that were read before that still get their outcomes.
            while waiting:
                yield await first_outcome()
            raise
        while waiting:
            yield await first_outcome()


async def _clean(pool: CleaningPool, page: InputPage, now: float) -> Cleaned | PageRejected:
    if page.refusal is not None:
        return page.refusal
    return await pool.clean(page.value, page.source, now)
