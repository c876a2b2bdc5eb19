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
import dataclasses
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, for_code

from streams.kafka.auth import login
from streams.kafka.offsets import Note, unread
from streams.kafka.outcome_topics import outcome_topics
from streams.runtime.transactions import written_at
from streams.settings import Settings
from streams.stage import STAGES, app_id, input_topic
from streams.web.outcomes import seen
from streams.web.owners import Owners
from streams.web.state import Lag, Part, State

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
        owners: is told how far the groups are behind; None where nothing asks for owners.
    """

    def __init__(self, settings: Settings, state: State, owners: Owners | None = None) -> None:
        self._settings = settings
        self._owners = owners
        self._state = state
        self._outcomes = outcome_topics(settings)
        self._watched = {input_topic(settings, stage): app_id(settings, stage) for stage in STAGES}
        self._next: dict[TopicPartition, int] = {}
        self._began: dict[TopicPartition, int] = {}
        # For each partition that a transaction holds back: the transaction's first offset, and
        # when that record was written, in seconds since the epoch.
        self._since: dict[TopicPartition, tuple[int, float | None]] = {}
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
        if part == "lag" and self._owners is not None:
            self._owners.forget()
        if self._state.failed(part, fault):
            log.warning("the web view cannot read the bus for %s: %s", part, fault)

    async def _follow(self) -> None:
        """Read the outcomes until their partitions change."""
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(LAP_SECONDS):
                admin, consumer = await self._clients(stack)
                partitions = await _partitions(admin, list(self._outcomes))
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
                    if await _partitions(admin, list(self._outcomes)) != partitions:
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
        try:
            entry = seen(outcome, record.value, record.headers, record.timestamp / 1000)
        except ValueError:
            # A tombstone is no outcome. Any other unreadable record is another program's.
            self._state.unreadable += record.value is not None
            return
        earlier = record.offset < self._began[partition]
        self._state.enter(entry, time.time(), earlier=earlier)

    async def _measure(self) -> None:
        """Measure the lag every `LAG_SECONDS` until that fails."""
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(LAP_SECONDS):
                admin, stable = await self._clients(stack)
                consumer = await self._consumer(stack, isolation_level="read_uncommitted")
            while True:
                async with asyncio.timeout(LAP_SECONDS):
                    lags = [
                        lag
                        for topic, group in self._watched.items()
                        for lag in await _lags(admin, consumer, group, topic)
                    ]
                    lags = [await self._held(lag, consumer, stable) for lag in lags]
                    self._state.lags = lags
                    if self._owners is not None:
                        await self._owners.look(admin, lags)
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
        self, stack: contextlib.AsyncExitStack, isolation_level: str = "read_committed"
    ) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.broker.split(","),
            **login(self._settings),
            isolation_level=isolation_level,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # The broker collects up to 1 MiB or half a second (`fetch_max_wait_ms`) of records
            # before it answers, instead of answering once for every record.
            fetch_min_bytes=1 << 20,
            # A larger record still comes, in an answer of its own.
            max_partition_fetch_bytes=1 << 20,
            fetch_max_bytes=8 << 20,
        )
        stack.push_async_callback(consumer.stop)
        await consumer.start()
        return consumer

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


async def _partitions(admin: AIOKafkaAdminClient, topics: list[str]) -> list[TopicPartition]:
    """The partitions of topics.

    Raises:
        KafkaError: a topic cannot be described, as on a broker that has just started.
    """
    described = await admin.describe_topics(topics)
    for topic in described:
        if topic["error_code"]:
            raise for_code(topic["error_code"])(topic["topic"])
    return sorted(
        TopicPartition(topic["topic"], entry["partition"])
        for topic in described
        for entry in topic["partitions"]
    )


async def _lags(
    admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, group: str, topic: str
) -> list[Lag]:
    partitions = await _partitions(admin, [topic])
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
