"""Follows the outcome topics and the groups' offsets, for the view.

Invariants:

- It reads without a consumer group and commits nothing, so it can never take a partition from a
  stage.
- An error here is shown on the page and logged, but not raised, because the view must not stop
  the stages.
- A record that was counted is not read again after Kafka was away.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.auth import login
from streams.kafka.outcome_topics import outcome_topics
from streams.settings import Settings
from streams.web.lag import LagMeter, partitions_of_topics
from streams.web.outcomes import seen
from streams.web.state import Part, State

READ_BACK = 1000
"""Offsets of each partition that are read back at the start, for the latest outcomes and rates."""

LAG_SECONDS = 3.0
LAP_SECONDS = 10.0
"""An answer that takes longer counts as a failure."""

RETRY_SECONDS = 5.0
CHECK_SECONDS = 5.0
"""How often the tailer checks that Kafka still answers and that the partitions are the same."""

BATCH = 100
"""Records that are read before the event loop, which the stages share, takes its next turn."""

log = logging.getLogger(__name__)


class Tailer:
    """Keeps a `State` up to date.

    Args:
        settings: the brokers and the topics.
        state: the state to keep up to date.
    """

    def __init__(self, settings: Settings, state: State) -> None:
        self._settings = settings
        self._state = state
        self._outcomes = outcome_topics(settings)
        self._lag = LagMeter(settings)
        self._next: dict[TopicPartition, int] = {}
        self._began: dict[TopicPartition, int] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start to read in the running event loop."""
        self._tasks = [
            asyncio.create_task(self._retry("outcomes", self._follow)),
            asyncio.create_task(self._retry("lag", self._measure)),
        ]

    async def stop(self) -> None:
        """Stop to read, and wait until the clients are closed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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

    async def _follow(self) -> None:
        """Read the outcomes until their partitions change."""
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(LAP_SECONDS):
                admin, consumer = await self._clients(stack)
                partitions = await partitions_of_topics(admin, list(self._outcomes))
                await self._seek(consumer, partitions)
            self._state.was_read("outcomes", time.time())
            check = time.monotonic() + CHECK_SECONDS
            while True:
                batches = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
                for partition, records in batches.items():
                    for record in records:
                        self._enter(partition, record)
                await asyncio.sleep(0)
                if time.monotonic() < check:
                    continue
                async with asyncio.timeout(LAP_SECONDS):
                    # The fetcher retries without a word; this raises while Kafka is away.
                    await consumer.end_offsets(partitions)
                    if await partitions_of_topics(admin, list(self._outcomes)) != partitions:
                        return
                self._state.was_read("outcomes", time.time())
                check = time.monotonic() + CHECK_SECONDS

    async def _seek(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
        consumer.assign(partitions)
        starts = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            start, end = starts[partition], ends[partition]
            self._began.setdefault(partition, end)
            place = self._next.setdefault(partition, max(start, end - READ_BACK))
            consumer.seek(partition, min(max(place, start), end))

    def _enter(self, partition: TopicPartition, record: Any) -> None:  # noqa: ANN401 - untyped aiokafka
        self._next[partition] = record.offset + 1
        outcome = self._outcomes[record.topic]
        earlier = record.offset < self._began[partition]
        try:
            entry = seen(outcome, record.value, record.headers, record.timestamp / 1000)
        except ValueError:
            # A tombstone is no outcome. Any other unreadable record is another program's.
            self._state.unreadable += record.value is not None and not earlier
            return
        self._state.enter(entry, time.time(), earlier=earlier)

    async def _measure(self) -> None:
        """Measure the lag every `LAG_SECONDS` until that fails."""
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(LAP_SECONDS):
                admin, stable = await self._clients(stack)
                last = await self._consumer(stack, isolation_level="read_uncommitted")
                reader = await self._consumer(
                    stack, isolation_level="read_uncommitted", answer_bytes=1
                )
            while True:
                async with asyncio.timeout(LAP_SECONDS):
                    self._state.lags = await self._lag.measure(
                        admin, stable=stable, last=last, reader=reader
                    )
                self._state.was_read("lag", time.time())
                await asyncio.sleep(LAG_SECONDS)

    async def _clients(
        self, stack: contextlib.AsyncExitStack
    ) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        """An admin client and a consumer, both started.

        The stack closes each of them, even if it fails to start.
        """
        common = {"bootstrap_servers": self._settings.broker.split(",")}
        common |= login(self._settings)
        admin = AIOKafkaAdminClient(**common)
        stack.push_async_callback(admin.close)
        await admin.start()
        return admin, await self._consumer(stack)

    async def _consumer(
        self,
        stack: contextlib.AsyncExitStack,
        isolation_level: str = "read_committed",
        answer_bytes: int = 1 << 20,
    ) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.broker.split(","),
            **login(self._settings),
            isolation_level=isolation_level,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # The broker collects so many bytes, or half a second (`fetch_max_wait_ms`) of records,
            # before it answers, instead of answering once for every record.
            fetch_min_bytes=answer_bytes,
            # A larger batch of records still comes, in an answer of its own.
            max_partition_fetch_bytes=answer_bytes,
            fetch_max_bytes=8 * answer_bytes,
        )
        stack.push_async_callback(consumer.stop)
        await consumer.start()
        return consumer
