"""Follows the outcome topics, for the overview and for the store.

Invariants:

- One reader serves both. The store gets every record from the offsets that it has itself; the
  overview gets the latest records of each partition, and those that come later.
- A record that was counted for the overview is not counted again after Kafka was away.
- Records are parsed and stored in the store's thread, a batch at a time. The next batch is read
  when the one before it is stored, so nothing queues up in memory.
"""

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.outcome_topics import outcome_topics
from streams.kafka.topic_ids import TopicIds
from streams.settings import Settings
from streams.web.reading.outcomes import shown
from streams.web.reading.readers import clients, partitions_of
from streams.web.reading.state import OutcomeView, State
from streams.web.store.model import Place, Tombstone
from streams.web.store.record import read_record
from streams.web.store.store import Store
from streams.web.store.writer import Entry

READ_BACK = 1000
"""Offsets of each partition that are read back at the start, for the latest outcomes and rates."""

LAP_SECONDS = 10.0
"""An answer that takes longer counts as a failure."""

CHECK_SECONDS = 5.0
"""How often the feed checks that Kafka still answers and that the partitions are the same."""

IDS_SECONDS = 30.0
"""How often it asks whether the topics were deleted and made again."""

BATCH = 200
"""Records that are stored in one transaction. The event loop, which the stages share, takes its
next turns while they are stored."""

REST = 3.0
"""A feed that shares its process with stages rests this many times as long as a batch took. So it
takes a quarter of a core at most, however much there is to read."""

Positions = Mapping[tuple[str, str, int], int]


@dataclasses.dataclass(frozen=True, slots=True)
class _Read:
    """A batch, and what was made of it: views, ids that were withdrawn, unreadable records."""

    records: Sequence[tuple[TopicPartition, Any]]
    views: list[tuple[OutcomeView, bool]] = dataclasses.field(default_factory=list)
    withdrawn: list[str] = dataclasses.field(default_factory=list)
    unreadable: list[int] = dataclasses.field(default_factory=list)


class Feed:
    """Reads the outcome topics.

    Args:
        settings: the brokers and the topics.
        state: what the overview shows.
        store: the store to fill.
        rests: whether the feed leaves the processor to others while it has much to read.
    """

    def __init__(self, settings: Settings, state: State, store: Store, *, rests: bool) -> None:
        self._settings = settings
        self._state = state
        self._store = store
        self._rest = REST if rests else 0.0
        self._outcomes = outcome_topics(settings)
        self._ids_of = TopicIds(settings, tuple(self._outcomes))
        self._ids: dict[str, str] = {}
        # For the overview: the next offset, and the end when it was first read.
        self._next: dict[TopicPartition, int] = {}
        self._began: dict[TopicPartition, int] = {}
        # For the store: the next offset; empty while it is off.
        self._stored: dict[TopicPartition, int] = {}

    async def follow(self) -> None:
        """Read the outcomes until their partitions change, or the store is on again.

        Raises:
            KafkaError: Kafka is away.
        """
        async with contextlib.AsyncExitStack() as stack:
            await self._ask_ids()
            async with asyncio.timeout(LAP_SECONDS):
                admin, consumer = await clients(self._settings, stack)
                partitions = await partitions_of(admin, list(self._outcomes))
                await self._seek(consumer, partitions)
            self._state.was_read("outcomes", time.time())
            check = time.monotonic() + CHECK_SECONDS
            ids = time.monotonic() + IDS_SECONDS
            while True:
                batches = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
                if batches:
                    await self._take(
                        [(place, one) for place, records in batches.items() for one in records]
                    )
                if time.monotonic() < check:
                    continue
                # The bounds and takedowns have work without new records too.
                if await self._has_store_come_back():
                    return
                async with asyncio.timeout(LAP_SECONDS):
                    # The fetcher retries without a word; this raises while Kafka is away.
                    ends = await consumer.end_offsets(partitions)
                    if await partitions_of(admin, list(self._outcomes)) != partitions:
                        return
                self._state.progressed(sum(ends.values()), time.time())
                if any(ends.get(place, at) < at for place, at in self._next.items()):
                    # A partition that shrinks was made again.
                    self._forget({place.topic for place in partitions})
                    return
                if time.monotonic() > ids:
                    if await self._ask_ids():
                        return
                    ids = time.monotonic() + IDS_SECONDS
                self._state.was_read("outcomes", time.time())
                check = time.monotonic() + CHECK_SECONDS

    async def close(self) -> None:
        """Close the client for topic ids."""
        await self._ids_of.close()

    async def _ask_ids(self) -> bool:
        """Ask for the ids of the topics; returns whether a topic was made again.

        Raises:
            KafkaError: there is no answer.
        """
        found = await self._ids_of.ask()
        if found is None or any(topic not in found for topic in self._outcomes):
            raise KafkaError("the outcome topics cannot be described")
        changed = {topic for topic, known in self._ids.items() if found[topic] != known}
        self._forget(changed)
        self._ids = dict(found)
        return bool(changed)

    def _forget(self, topics: set[str]) -> None:
        """Forget how far topics were read that were made again."""
        for offsets in (self._next, self._began, self._stored):
            for place in [place for place in offsets if place.topic in topics]:
                del offsets[place]

    async def _seek(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
        consumer.assign(partitions)
        starts = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        self._state.progressed(sum(ends.values()), time.time())
        positions = await self._store.open()
        self._stored = {}
        if positions is not None:
            self._stored = await self._positions(consumer, partitions, positions, starts, ends)
        for place in partitions:
            start, end = starts[place], ends[place]
            self._began.setdefault(place, end)
            following = self._next.setdefault(place, max(start, end - READ_BACK))
            following = min(following, self._stored.get(place, following))
            consumer.seek(place, min(max(following, start), end))

    async def _positions(
        self,
        consumer: AIOKafkaConsumer,
        partitions: list[TopicPartition],
        positions: Positions,
        starts: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
    ) -> dict[TopicPartition, int]:
        """Where the store goes on in each partition."""
        found = {}
        for place in partitions:
            known = positions.get((place.topic, self._ids[place.topic], place.partition))
            if known is not None and known <= ends[place]:
                found[place] = max(known, starts[place])
        new = [place for place in partitions if place not in found]
        if new:
            # What is older than the store keeps it need not be read.
            age = self._settings.view_store_age.total_seconds()
            since = round(1000 * max(0.0, time.time() - age))
            late = await consumer.offsets_for_times(dict.fromkeys(new, since))
            for place in new:
                at = late.get(place)
                found[place] = ends[place] if at is None else max(at.offset, starts[place])
        return found

    async def _has_store_come_back(self) -> bool:
        if self._store.status.is_on:
            await self._store.enter(lambda: ([], []))
            return False
        return await self._store.open() is not None

    async def _take(self, records: Sequence[tuple[TopicPartition, Any]]) -> None:
        read = _Read(records)
        started = time.monotonic()
        is_on = await self._store.enter(lambda: self._batch(read))
        for place, record in records:
            self._next[place] = max(self._next[place], record.offset + 1)
            if is_on and place in self._stored:
                self._stored[place] = max(self._stored[place], record.offset + 1)
        now = time.time()
        for view, earlier in read.views:
            self._state.enter(view, now, earlier=earlier)
        for article in read.withdrawn:
            self._state.withdraw(article)
        self._state.unreadable += len(read.unreadable)
        await asyncio.sleep(self._rest * (time.monotonic() - started))

    def _batch(self, read: _Read) -> tuple[Sequence[Entry], Sequence[Place]]:
        """Parse records, in the store's thread."""
        entries: list[Entry] = []
        ends: dict[TopicPartition, int] = {}
        for where, record in read.records:
            is_new = record.offset >= self._next[where]
            is_for_store = record.offset >= self._stored.get(where, record.offset + 1)
            if is_for_store:
                ends[where] = record.offset + 1
            if not (is_new or is_for_store):
                continue
            place = self._place(where, record.offset)
            try:
                entry = read_record(
                    self._outcomes[where.topic],
                    place,
                    record.key,
                    record.value,
                    record.headers,
                    record.timestamp,
                )
            except ValueError:
                # A tombstone is no outcome. Any other unreadable record is another program's.
                if is_new and record.value is not None:
                    read.unreadable.append(record.offset)
                continue
            if is_for_store:
                entries.append(entry)
            if isinstance(entry, Tombstone):
                read.withdrawn.append(entry.article)
            elif is_new:
                read.views.append((shown(entry), record.offset < self._began[where]))
        return entries, [self._place(where, offset) for where, offset in ends.items()]

    def _place(self, where: TopicPartition, offset: int) -> Place:
        return Place(
            topic=where.topic,
            topic_id=self._ids[where.topic],
            partition=where.partition,
            offset=offset,
        )
