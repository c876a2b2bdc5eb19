"""Keeps the view up to date: runs the feed of outcomes, and measures the lag of the groups.

Invariants:

- It reads without a consumer group and commits nothing, so it can never take a partition from a
  stage.
- An error here is shown on the page and logged, but not raised, because the view must not stop
  the stages.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from aiokafka.errors import GroupCoordinatorNotAvailableError

from streams.settings import Settings
from streams.web.reading import readers
from streams.web.reading.feed import LAP_SECONDS, Feed
from streams.web.reading.lag import LagMeter
from streams.web.reading.readers import clients
from streams.web.reading.readings import Readings
from streams.web.reading.state import Part

LAG_SECONDS = 3.0
RETRY_SECONDS = 5.0
log = logging.getLogger(__name__)


class Tailer:
    """Keeps readings up to date.

    Args:
        settings: the brokers and the topics.
        readings: what to keep up to date.
        feed: reads the outcome topics; None if this process does not show outcomes.
    """

    def __init__(self, settings: Settings, readings: Readings, feed: Feed | None = None) -> None:
        self._settings = settings
        self._owners = readings.owners
        self._state = readings.state
        self._backlog = readings.backlog
        self._workers = readings.workers
        self._feed = feed
        self._lag = LagMeter(settings)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start to read in the running event loop."""
        self._tasks = [
            asyncio.create_task(self._retry("lag", self._measure)),
            asyncio.create_task(self._retry("workers", self._workers.follow)),
        ]
        if self._feed is not None:
            self._tasks.append(asyncio.create_task(self._retry("outcomes", self._feed.follow)))

    async def stop(self) -> None:
        """Stop to read, and wait until the clients are closed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._feed is not None:
            await self._feed.close()

    async def _retry(self, part: Part, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work again whenever it returns or fails, with `RETRY_SECONDS` in between."""
        is_first = True
        while True:
            try:
                await work()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # aiokafka raises this when it cancels its own tasks; nobody cancelled ours.
                self._failed(part, "the connection was lost")
            except GroupCoordinatorNotAvailableError as error:
                # The brokers make their topic of offsets when the first group asks for it. On a new
                # cluster that is now.
                if not is_first:
                    self._failed(part, type(error).__name__)
            except Exception as error:  # noqa: BLE001 - shown on the page; the stages go on
                self._failed(part, type(error).__name__)
            is_first = False
            await asyncio.sleep(RETRY_SECONDS)

    def _failed(self, part: Part, fault: str) -> None:
        if part == "lag":
            self._owners.forget()
        if self._state.failed(part, fault):
            log.warning("the web view cannot read the bus for %s: %s", part, fault)

    async def _measure(self) -> None:
        """Measure the lag every `LAG_SECONDS` until that fails."""
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(LAP_SECONDS):
                admin, stable = await clients(self._settings, stack)
                last = await readers.consumer(
                    self._settings, stack, isolation_level="read_uncommitted"
                )
                reader = await readers.consumer(
                    self._settings, stack, isolation_level="read_uncommitted", answer_bytes=1
                )
            while True:
                async with asyncio.timeout(LAP_SECONDS):
                    lags = await self._lag.measure(admin, stable=stable, last=last, reader=reader)
                    self._state.lags = lags
                    self._backlog.measured(lags, time.time())
                    await self._owners.look(admin, lags)
                self._state.was_read("lag", time.time())
                await asyncio.sleep(LAG_SECONDS)
