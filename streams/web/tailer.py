"""Keeps the view up to date: runs the feed of outcomes, and measures the lag of the groups.

Invariants:

- It reads without a consumer group and commits nothing, so it can never take a partition from a
  stage.
- An error here is shown on the page and logged, but not raised, because the view must not stop
  the stages.
"""

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.offsets import Note, unread
from streams.runtime.transactions import written_at
from streams.settings import Settings
from streams.stage import STAGES, app_id, input_topic
from streams.web import readers
from streams.web.feed import LAP_SECONDS, Feed
from streams.web.readers import clients, partitions_of
from streams.web.state import Lag, Part, State

LAG_SECONDS = 3.0
RETRY_SECONDS = 5.0
log = logging.getLogger(__name__)


class Tailer:
    """Keeps a `State` up to date.

    Args:
        settings: the brokers and the topics.
        state: the state to keep up to date.
        feed: reads the outcome topics; None if this process does not show outcomes.
    """

    def __init__(self, settings: Settings, state: State, feed: Feed | None = None) -> None:
        self._settings = settings
        self._state = state
        self._feed = feed
        self._watched = {input_topic(settings, stage): app_id(settings, stage) for stage in STAGES}
        # For each partition that a transaction holds back: the transaction's first offset, and
        # when that record was written, in seconds since the epoch.
        self._since: dict[TopicPartition, tuple[int, float | None]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start to read in the running event loop."""
        self._tasks = [asyncio.create_task(self._retry("lag", self._measure))]
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
        while True:
            try:
                await work()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # aiokafka raises this when it cancels its own tasks; nobody cancelled ours.
                self._failed(part, "the connection was lost")
            except Exception as error:  # noqa: BLE001 - shown on the page; the stages go on
                self._failed(part, type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    def _failed(self, part: Part, fault: str) -> None:
        if self._state.failed(part, fault):
            log.warning("the web view cannot read the bus for %s: %s", part, fault)

    async def _measure(self) -> None:
        """Measure the lag every `LAG_SECONDS` until that fails."""
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(LAP_SECONDS):
                admin, stable = await clients(self._settings, stack)
                consumer = await readers.consumer(
                    self._settings, stack, isolation_level="read_uncommitted"
                )
            while True:
                async with asyncio.timeout(LAP_SECONDS):
                    lags = [
                        lag
                        for topic, group in self._watched.items()
                        for lag in await _lags(admin, consumer, group, topic)
                    ]
                    self._state.lags = [await self._held(lag, consumer, stable) for lag in lags]
                self._state.was_read("lag", time.time())
                await asyncio.sleep(LAG_SECONDS)

    async def _held(self, lag: Lag, last: AIOKafkaConsumer, stable: AIOKafkaConsumer) -> Lag:
        """A lag, completed by how many of its records wait for the end of a transaction.

        Args:
            lag: without that number.
            last: reads uncommitted records, so its ends are the real ones.
            stable: reads committed records, so its ends are where an open transaction begins.
        """
        if not lag.records:
            return lag
        place = TopicPartition(lag.topic, lag.partition)
        # The real end comes first: a record that arrives between the two questions is then not
        # taken for one that is held.
        end = (await last.end_offsets([place]))[place]
        readable = (await stable.end_offsets([place]))[place]
        held = end - readable
        if held <= 0:
            return lag
        if self._since.get(place, (-1, None))[0] != readable:
            self._since[place] = readable, await written_at(self._settings, place, readable)
        since = self._since[place][1]
        return dataclasses.replace(lag, held=min(held, lag.records), since=since)


async def _lags(
    admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, group: str, topic: str
) -> list[Lag]:
    partitions = await partitions_of(admin, [topic])
    committed = await admin.list_consumer_group_offsets(group)
    starts = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    lags = []
    for partition in partitions:
        entry = committed.get(partition)
        known = entry is not None and entry.offset >= 0
        # If retention has deleted records before the committed offset was reached, they are no lag
        # but unread. A group whose offset is beyond the end resumes at the start.
        counts = known and starts[partition] <= entry.offset <= ends[partition]
        place = entry.offset if counts else starts[partition]
        gone = max(0, starts[partition] - entry.offset) if known else 0
        lags.append(
            Lag(
                group=group,
                topic=topic,
                partition=partition.partition,
                records=max(ends[partition] - place, 0),
                committed=known,
                unread=gone + unread(Note.unpack(entry.metadata).gone) if known else 0,
            )
        )
    return lags
