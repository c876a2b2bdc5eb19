"""Finds partitions that an open transaction holds up, and reports them.

Invariant: a partition that an open transaction holds up is reported, with the offset and the time
since when. It is never taken for read to its end.

A reader of committed records stops at the first record of the oldest open transaction (the last
stable offset), whatever comes after it. So one producer that hangs, or that died with a long
transaction timeout, holds up the pages of all other producers.
"""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from faust.types import TP
from kafka import TopicPartition
from kafka.admin import OffsetSpec

from streams.errors import OperationalError
from streams.kafka import clients
from streams.kafka.auth import login
from streams.kafka.topic_reader import POLL_MS
from streams.runtime.app import App
from streams.runtime.consumer import Consumer
from streams.settings import Settings

OPEN_SECONDS = 60.0
"""Seconds after which a held partition is logged. With the default timeout of Kafka's clients, a
transaction has ended by then."""

AGAIN_SECONDS = 600.0
"""Seconds after which a partition that is still held is logged again."""

LOOK_SECONDS = 1.0
"""Seconds between two checks of all partitions."""

ASK_SECONDS = 5.0
"""Seconds that a client may take to read a record, and again to stop."""

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The part of a partition that waits for the end of a transaction.

    Attributes:
        topic: the partition's topic.
        partition: its number.
        offset: the offset of the transaction's first record; nothing from here on is read.
        records: the number of offsets from there to the end of the partition.
        since: when that record was written, in seconds since the epoch; None if it cannot be read.
    """

    topic: str
    partition: int
    offset: int
    records: int
    since: float | None

    def __str__(self) -> str:
        return (
            f"{self.topic} partition {self.partition} is held at offset {self.offset}, "
            f"{self.records} behind its end, by a transaction{_open_since(self.since)}"
        )


def _open_since(since: float | None) -> str:
    """Describe when a transaction began, as the end of a sentence; empty if that is not known."""
    if since is None:
        return ""
    at = dt.datetime.fromtimestamp(since, dt.UTC)
    return f" that has been open since {at:%Y-%m-%d %H:%M:%S} UTC"


def ends(settings: Settings, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """The offset after the last record of each partition, whatever transactions are open.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    with clients.admin(settings) as admin:
        found = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    return {partition: entry.offset for partition, entry in found.items()}


def held(settings: Settings, topics: Sequence[str]) -> Iterator[Held]:
    """Find the partitions of some topics that an open transaction holds up.

    Yields:
        One `Held` for each such partition.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    with (
        clients.consumer(settings) as consumer,
        clients.consumer(settings, isolation_level="read_uncommitted") as any_record,
    ):
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(consumer.partitions_for_topic(topic) or ())
        ]
        # The end is asked for first. A record that comes in between is then not taken for held.
        last = any_record.end_offsets(partitions)
        stable = consumer.end_offsets(partitions)
        for partition in partitions:
            if stable[partition] >= last[partition]:
                continue
            any_record.assign([partition])
            any_record.seek(partition, stable[partition])
            found = any_record.poll(timeout_ms=4 * POLL_MS, max_records=1).get(partition)
            yield Held(
                topic=partition.topic,
                partition=partition.partition,
                offset=stable[partition],
                records=last[partition] - stable[partition],
                since=found[0].timestamp / 1000 if found else None,
            )


def require_none(settings: Settings, topics: Sequence[str]) -> None:
    """Refuse to go on if a transaction keeps one of these topics from being read to its end.

    Raises:
        OperationalError: an open transaction holds a partition up, or the bus is away or refuses.
    """
    for found in held(settings, topics):
        raise OperationalError(
            str(found), _abort_command(settings, found.topic, found.partition, found.offset)
        )


def _abort_command(settings: Settings, topic: str, partition: int, offset: int) -> str:
    return (
        f"end it at its producer, or abort it: kafka-transactions.sh --bootstrap-server "
        f"{settings.broker} abort --topic {topic} --partition {partition} --start-offset {offset}"
    )


async def written_at(settings: Settings, partition: TP, offset: int) -> float | None:
    """When a record was written, committed or not.

    Returns:
        Seconds since the epoch; None if the record could not be read within `ASK_SECONDS`.
    """
    client = AIOKafkaConsumer(
        bootstrap_servers=settings.broker.split(","),
        **login(settings),
        group_id=None,
        enable_auto_commit=False,
    )
    try:
        async with asyncio.timeout(ASK_SECONDS):
            await client.start()
            client.assign([partition])
            client.seek(partition, offset)
            return float((await client.getone(partition)).timestamp) / 1000
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(ASK_SECONDS):
                await client.stop()


@dataclasses.dataclass(slots=True)
class _OpenTransaction:
    """A transaction that holds a partition up: where, for how long, and when that was logged."""

    offset: int
    seconds: float = 0.0
    logged_at: float | None = None


class Waiting:
    """Measures how long each partition has been held up, and tells when to log it."""

    def __init__(self) -> None:
        self._open: dict[TP, _OpenTransaction] = {}

    def look(
        self, seconds: float, parts: Mapping[TP, tuple[int, int]]
    ) -> tuple[list[TP], list[TP]]:
        """Compare the partitions with what they were at the last call.

        Args:
            seconds: the time since the last call, in seconds.
            parts: the last stable offset and the end offset of each partition.

        Returns:
            The held partitions that have to be logged now, and the partitions that were logged
            before and are not held any more.
        """
        before, self._open = self._open, {}
        due = []
        for partition, (stable, end) in parts.items():
            if stable >= end:
                continue
            one = before.get(partition)
            if one is None or one.offset != stable:
                one = _OpenTransaction(stable)
            else:
                one.seconds += seconds
            self._open[partition] = one
            if one.seconds >= OPEN_SECONDS and (
                one.logged_at is None or one.seconds - one.logged_at >= AGAIN_SECONDS
            ):
                one.logged_at = one.seconds
                due.append(partition)
        over = [
            partition
            for partition, one in before.items()
            if one.logged_at is not None
            and partition in parts
            and (partition not in self._open or self._open[partition].offset != one.offset)
        ]
        return due, over


class Watch:
    """Logs the partitions that open transactions hold up for the stages of one process.

    Args:
        apps: the stages' apps, all on one event loop.
        settings: where the bus is.
    """

    def __init__(self, apps: Sequence[faust.App], settings: Settings) -> None:
        self._apps = apps
        self._settings = settings
        self._waiting = Waiting()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the watch in the running event loop; a second call does nothing."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            parts = {
                partition: part
                for app in self._apps
                if app.started and isinstance(app.consumer, Consumer)
                for partition, part in app.consumer.ends().items()
            }
            due, over = self._waiting.look(LOOK_SECONDS, parts)
            for partition in due:
                await self._log_held(partition, *parts[partition])
            for topic, number in over:
                log.warning(f"{topic} partition {number} is read on")  # noqa: G004 - the log's filter takes records of one template for repeats

    async def _log_held(self, partition: TP, stable: int, end: int) -> None:
        found = Held(
            topic=partition.topic,
            partition=partition.partition,
            offset=stable,
            records=end - stable,
            since=await written_at(self._settings, partition, stable),
        )
        fix = _abort_command(self._settings, partition.topic, partition.partition, stable)
        error = OperationalError(str(found), fix)
        log.warning(f"{error}")  # noqa: G004 - the log's filter takes records of one template for repeats


def watch(apps: Sequence[faust.App], settings: Settings) -> None:
    """Start one watch for all apps, as soon as the first of them starts."""
    watcher = Watch(apps, settings)
    for app in apps:
        if isinstance(app, App):
            app.at_start.append(watcher.start)
