"""Follows the outcome topics and the groups' offsets, for the view.

The rule here: it reads without a group and commits nothing, so that it can never take a
partition from a stage; and whatever goes wrong here is shown, not raised: the view must not
take the stages down with it.
"""

import asyncio
import contextlib
import logging
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.apps import RECORD_OVERHEAD, aiokafka_security, app_id
from streams.rejected import PREFIX
from streams.settings import Settings
from streams.web.state import Lag, Seen, State

READ_BACK = 1000
"""At the start so many records of each partition are read back, for the latest and the rates."""

LAG_SECONDS = 3.0
RETRY_SECONDS = 5.0
MAX_NAME = 160

log = logging.getLogger(__name__)


class Tailer:
    """Keeps a `State` up to date.

    Args:
        settings: where the bus is.
        state: what is kept up to date.
    """

    def __init__(self, settings: Settings, state: State) -> None:
        self._settings = settings
        self._state = state
        topics = settings.topics
        self._outcomes = {
            topics.clean: "clean",
            topics.duplicates: "duplicate",
            topics.rejected: "rejected",
        }
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start following."""
        self._tasks = [
            asyncio.create_task(self._again(self._follow)),
            asyncio.create_task(self._again(self._measure)),
        ]

    async def stop(self) -> None:
        """Stop following."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _again(self, work: Any) -> None:  # noqa: ANN401 - one of the two loops below
        while True:
            try:
                await work()
            except (KafkaError, OSError) as error:
                fault = type(error).__name__
                if self._state.fault != fault:
                    log.warning("the view cannot read the bus: %s", fault)
                self._state.fault = fault
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.broker.split(","),
            group_id=None,
            enable_auto_commit=False,
            max_partition_fetch_bytes=self._settings.max_message_bytes + RECORD_OVERHEAD,
            **aiokafka_security(self._settings),
        )
        await consumer.start()
        try:
            await self._seek(consumer)
            self._state.fault = None
            async for record in consumer:
                with contextlib.suppress(KeyError, TypeError, ValueError):
                    self._state.enter(self._seen(record))
        finally:
            await consumer.stop()

    async def _seek(self, consumer: AIOKafkaConsumer) -> None:
        partitions = [
            TopicPartition(topic, number)
            for topic in self._outcomes
            for number in sorted(
                consumer.partitions_for_topic(topic) or await _found(consumer, topic)
            )
        ]
        consumer.assign(partitions)
        starts = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        self._state.counts.clear()
        self._state.latest.clear()
        for partition in partitions:
            start = max(starts[partition], ends[partition] - READ_BACK)
            consumer.seek(partition, start)

    def _seen(self, record: Any) -> Seen:  # noqa: ANN401 - aiokafka's record of any types
        outcome = self._outcomes[record.topic]
        at = record.timestamp / 1000
        if outcome == "rejected":
            ours = {n: v.decode() for n, v in record.headers if n.startswith(PREFIX)}
            place = f"{ours[PREFIX + 'source.partition']}:{ours[PREFIX + 'source.offset']}"
            return Seen(
                at=at,
                outcome=outcome,
                kind=ours[PREFIX + "reason"],
                name=f"raw page {place}",
                detail=ours[PREFIX + "detail"],
            )
        event = orjson.loads(record.value)
        if outcome == "clean":
            kind = "revision" if event["revision"] > 1 else "new"
            detail = f"{event['word_count']} words, {event['language'] or 'language unknown'}"
            name = event["title"] or event["url"]
        else:
            kind, name = event["kind"], event["url"]
            detail = f"{event['similarity']:.0%} of {event['duplicate_of_url']}"
        return Seen(
            at=at, outcome=outcome, kind=kind, name=name[:MAX_NAME], detail=detail[:MAX_NAME]
        )

    async def _measure(self) -> None:
        settings = self._settings
        admin = AIOKafkaAdminClient(
            bootstrap_servers=settings.broker.split(","), **aiokafka_security(settings)
        )
        consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.broker.split(","), **aiokafka_security(settings)
        )
        watched = {
            app_id(settings, "extract"): settings.topics.raw,
            app_id(settings, "dedupe"): settings.topics.candidates,
        }
        async with contextlib.AsyncExitStack() as stack:
            await admin.start()
            stack.push_async_callback(admin.close)
            await consumer.start()
            stack.push_async_callback(consumer.stop)
            while True:
                self._state.lags = [
                    lag
                    for group, topic in watched.items()
                    for lag in await _lags(admin, consumer, group, topic)
                ]
                await asyncio.sleep(LAG_SECONDS)


async def _lags(
    admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, group: str, topic: str
) -> list[Lag]:
    numbers = await _found(consumer, topic)
    partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
    ends = await consumer.end_offsets(partitions)
    committed = await admin.list_consumer_group_offsets(group)
    return [
        Lag(
            group=group,
            topic=topic,
            partition=partition.partition,
            records=None if entry is None or entry.offset < 0 else ends[partition] - entry.offset,
        )
        for partition in partitions
        for entry in [committed.get(partition)]
    ]


async def _found(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    """The partitions of a topic that the consumer is not subscribed to."""
    await consumer._client.add_topic(topic)  # noqa: SLF001 - there is no public way without a subscription
    return set(consumer.partitions_for_topic(topic) or ())
