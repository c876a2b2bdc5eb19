"""Transactions that are open on the input of a stage, and what waits behind them.

Invariant: a partition that cannot be read on for a transaction's sake is said, with since when
and from where, and is never taken for read to its end. A reader of committed records stops at the
first record of the oldest open transaction (the last stable offset), whatever comes after it. A
producer that hangs, or one that died with a long timeout, holds up everybody else's pages so.
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
from streams.kafka.auth import aiokafka_security
from streams.kafka.topic_reader import POLL_MS
from streams.runtime.app import App
from streams.runtime.consumer import Consumer
from streams.settings import Settings

OPEN_SECONDS = 60.0
"""A partition that is held for so long is said; Kafka's clients end a transaction by then, unless
told otherwise."""

AGAIN_SECONDS = 600.0
LOOK_SECONDS = 1.0
ASK_SECONDS = 5.0

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What of a partition waits for the end of a transaction.

    Attributes:
        topic: the partition's topic.
        partition: its number.
        offset: the transaction's first record; nothing from here on is read.
        records: how many offsets there are from there to the end.
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
    """Words for when a transaction began."""
    if since is None:
        return ""
    at = dt.datetime.fromtimestamp(since, dt.UTC)
    return f" that has been open since {at:%Y-%m-%d %H:%M:%S} UTC"


def ends(settings: Settings, places: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """The offset after the last record of each partition, whatever transactions are open."""
    with clients.admin(settings) as admin:
        found = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
    return {place: entry.offset for place, entry in found.items()}


def held(settings: Settings, topics: Sequence[str]) -> Iterator[Held]:
    """What waits for the end of a transaction on some topics.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    with (
        clients.consumer(settings) as consumer,
        clients.consumer(settings, isolation_level="read_uncommitted") as any_record,
    ):
        places = [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(consumer.partitions_for_topic(topic) or ())
        ]
        # In this order: what comes in between is not held.
        last = any_record.end_offsets(places)
        stable = consumer.end_offsets(places)
        for place in places:
            if stable[place] >= last[place]:
                continue
            any_record.assign([place])
            any_record.seek(place, stable[place])
            found = any_record.poll(timeout_ms=4 * POLL_MS, max_records=1).get(place)
            yield Held(
                topic=place.topic,
                partition=place.partition,
                offset=stable[place],
                records=last[place] - stable[place],
                since=found[0].timestamp / 1000 if found else None,
            )


def require_none(settings: Settings, topics: Sequence[str]) -> None:
    """Refuse to read topics that cannot be read to their end.

    Raises:
        OperationalError: what waits for the end of a transaction, or the bus is away or refuses.
    """
    for found in held(settings, topics):
        raise OperationalError(
            str(found), _abort(settings, found.topic, found.partition, found.offset)
        )


def _abort(settings: Settings, topic: str, partition: int, offset: int) -> str:
    return (
        f"end it at its producer, or abort it: kafka-transactions.sh --bootstrap-server "
        f"{settings.broker} abort --topic {topic} --partition {partition} --start-offset {offset}"
    )


async def written_at(settings: Settings, place: TP, offset: int) -> float | None:
    """When a record was written, committed or not, in seconds since the epoch."""
    client = AIOKafkaConsumer(
        bootstrap_servers=settings.broker.split(","),
        **aiokafka_security(settings),
        group_id=None,
        enable_auto_commit=False,
    )
    try:
        async with asyncio.timeout(ASK_SECONDS):
            await client.start()
            client.assign([place])
            client.seek(place, offset)
            return float((await client.getone(place)).timestamp) / 1000
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(ASK_SECONDS):
                await client.stop()


@dataclasses.dataclass(slots=True)
class _Open:
    offset: int
    seconds: float = 0.0
    said: float | None = None


class Waiting:
    """How long each partition has been held, and when that is to be said."""

    def __init__(self) -> None:
        self._open: dict[TP, _Open] = {}

    def look(
        self, seconds: float, parts: Mapping[TP, tuple[int, int]]
    ) -> tuple[list[TP], list[TP]]:
        """Take in where the partitions stand now.

        Args:
            seconds: since the last look.
            parts: the last stable offset and the end of each.

        Returns:
            The partitions that have to be spoken of, and those spoken of that are held no more.
        """
        before, self._open = self._open, {}
        due = []
        for place, (stable, end) in parts.items():
            if stable >= end:
                continue
            one = before.get(place)
            if one is None or one.offset != stable:
                one = _Open(stable)
            else:
                one.seconds += seconds
            self._open[place] = one
            if one.seconds >= OPEN_SECONDS and (
                one.said is None or one.seconds - one.said >= AGAIN_SECONDS
            ):
                one.said = one.seconds
                due.append(place)
        over = [
            place
            for place, one in before.items()
            if one.said is not None
            and place in parts
            and (place not in self._open or self._open[place].offset != one.offset)
        ]
        return due, over


class Watch:
    """Says what the stages of one process wait for.

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
        """Begin to watch the running loop; a second call does nothing."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            parts = {
                place: part
                for app in self._apps
                if app.started and isinstance(app.consumer, Consumer)
                for place, part in app.consumer.ends().items()
            }
            due, over = self._waiting.look(LOOK_SECONDS, parts)
            for place in due:
                await self._say(place, *parts[place])
            for place in over:
                log.warning(f"{place.topic} partition {place.partition} is read on")  # noqa: G004 - the log's filter takes lines of one template for the same

    async def _say(self, place: TP, stable: int, end: int) -> None:
        found = Held(
            topic=place.topic,
            partition=place.partition,
            offset=stable,
            records=end - stable,
            since=await written_at(self._settings, place, stable),
        )
        fix = _abort(self._settings, place.topic, place.partition, stable)
        fault = OperationalError(str(found), fix)
        log.warning(f"{fault}")  # noqa: G004 - as above


def watch(apps: Sequence[faust.App], settings: Settings) -> None:
    """Let the watching begin with the first of the apps that starts."""
    watcher = Watch(apps, settings)
    for app in apps:
        if isinstance(app, App):
            app.at_start.append(watcher.start)
