"""The memory of `dedupe` as a Faust table: its records in a changelog, a partition a shard.

What must always hold here: the memory of a partition is what its changelog says, up to the
offset that `persisted_offset` names. A record that cannot be read stops the worker: going on
with half a memory would publish old stories again.
"""

import asyncio
import contextlib
import dataclasses
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import faust
from faust.stores import base
from faust.types import TP, EventT
from faust.types.stores import StoreT

from cleanwire.bulk import Records, apply_all, read
from cleanwire.shard import Record, Shard
from cleanwire.wire import pack_record
from streams.delivery import Produce
from streams.settings import Settings
from streams.topics import FACTS

NOTHING_APPLIED = -1


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """What was read of a partition, from one offset to another, and not taken in yet."""

    tp: TP
    first: int
    last: int
    records: Records


class FactsStore(base.Store[bytes, bytes]):
    """The memories of the partitions that this worker has, active or standby."""

    new_memory: Callable[[int], Shard]
    width: float

    def __post_init__(self) -> None:
        self.memories: dict[int, Shard] = {}
        self._applied: dict[int, int] = {}
        self._assigned: set[int] = set()
        self.reading = asyncio.Lock()
        """Held while a partition is read back."""
        self._changing = threading.Lock()
        """Held while records are taken in: a partition that becomes a standby is read by Faust,
        whatever the thread that read it back is still doing."""

    def memory(self, partition: int) -> Shard:
        """The shard of a partition; empty where the changelog is."""
        if partition not in self.memories:
            self.memories[partition] = self.new_memory(partition)
        return self.memories[partition]

    def apply_changelog_batch(
        self,
        batch: Iterable[EventT[Any]],
        to_key: Callable[[Any], bytes],
        to_value: Callable[[Any], bytes],
    ) -> None:
        """Take records of the changelog in; called by Faust's recovery."""
        del to_key, to_value
        for partition, events in itertools.groupby(
            batch, key=lambda event: event.message.partition
        ):
            # Faust empties its buffers after a rebalance too: what comes late would be the
            # beginning of a memory that lacks everything before it.
            if partition in self._assigned:
                stretch = self.read([event.message for event in events])
                memory = self.memory(partition)
                self.take_back(stretch, memory)
                self.took_back(partition, memory, stretch.last)

    def read(self, records: Sequence[Any]) -> Stretch:
        """Read records of one partition, in their order, without changing anything.

        Args:
            records: one or more, aiokafka's or Faust's, with topic, partition, offset, key, value.

        Raises:
            ValueError: they cannot be read; then this worker ends.
        """
        first, last = records[0], records[-1]
        tp = TP(first.topic, first.partition)
        with self._or_end(tp, first.offset, last.offset):
            found = read(((record.key or b"", record.value) for record in records), self.width)
        return Stretch(tp, first.offset, last.offset, found)

    def take_back(self, stretch: Stretch, memory: Shard) -> None:
        """Take in what was read; `took_back` says so, once it is done.

        Args:
            stretch: what was read.
            memory: of its partition. It may have gone to another worker in the meantime, and
                come back as another memory, which begins at the beginning.

        Raises:
            ValueError: it cannot be taken in; then this worker ends.
        """
        with self._or_end(stretch.tp, stretch.first, stretch.last), self._changing:
            apply_all(memory, stretch.records, self.width)

    @contextlib.contextmanager
    def _or_end(self, tp: TP, first: int, last: int) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, half a memory is worse
            place = f"{tp.topic} partition {tp.partition}, offsets {first} to {last}"
            fault = ValueError(f"unreadable state at {place}: {error}")
            # Faust's recovery logs what is raised here and goes on; and this may be a thread.
            loop = self.app.loop
            loop.call_soon_threadsafe(lambda: loop.create_task(self.app.crash(fault)))
            raise fault from None

    def took_back(self, partition: int, memory: Shard, offset: int) -> bool:
        """Count a memory as read up to an offset, which may have no record any more.

        Called in the event loop, where partitions come and go.

        Returns:
            Whether it is still the memory of that partition.
        """
        if self.memories.get(partition) is not memory:
            return False
        self._applied[partition] = max(offset, self._applied.get(partition, NOTHING_APPLIED))
        return True

    def note(self, partition: int, offset: int) -> None:
        """Count an own record, acknowledged by the broker, as applied.

        Only the next one in line counts: a gap means that another worker wrote, and then
        recovery has to read on from here.
        """
        if offset == self._applied.get(partition, NOTHING_APPLIED) + 1:
            self._applied[partition] = offset

    def persisted_offset(self, tp: TP) -> int:
        """The last offset that is in memory. Never None, or Faust trusts its own count."""
        return self._applied.get(tp.partition, NOTHING_APPLIED)

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        """Drop the memory of partitions that went to another worker."""
        del newly_assigned, generation_id
        changelog = self.table.changelog_topic.get_topic_name()
        self._assigned = {tp.partition for tp in assigned if tp.topic == changelog}
        for tp in revoked - assigned:
            if tp.topic == changelog:
                self.memories.pop(tp.partition, None)
                self._applied.pop(tp.partition, None)

    def reset_state(self) -> None:
        """Forget everything; the changelog has it."""
        self.memories.clear()
        self._applied.clear()

    async def backup_partition(
        self,
        tp: TP | int,
        flush: bool = True,  # noqa: FBT001, FBT002 - Faust's signature
        purge: bool = False,  # noqa: FBT001, FBT002 - as above
        keep: int = 1,
    ) -> None:
        """Nothing to back up: the changelog is the backup."""

    def restore_backup(
        self,
        tp: TP | int,
        latest: bool = True,  # noqa: FBT001, FBT002 - Faust's signature
        backup_id: int = 0,
    ) -> None:
        """Nothing to restore from but the changelog."""


class FactsTable(faust.Table[bytes, bytes]):
    """A table that keeps its contents in a `FactsStore`."""

    settings: Settings
    new_memory: Callable[[int], Shard]
    width: float

    def _new_store(self) -> StoreT[bytes, bytes]:
        store = FactsStore(
            "memory://",
            self.app,
            self,
            table_name=self.name,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
        )
        store.new_memory = self.new_memory
        store.width = self.width
        return store

    @property
    def facts(self) -> FactsStore:
        """The store, with its own type."""
        store = self.data
        if not isinstance(store, FactsStore):
            raise TypeError(f"the table's store is a {type(store).__name__}")
        return store

    def write(self, partition: int, key: str, record: Record | None) -> Produce:
        """The changelog's record of what a shard remembers under a key; None: no more."""
        return Produce(
            topic=self.changelog_topic_name,
            key=key.encode(),
            value=None if record is None else pack_record(record, self.width),
            partition=partition,
            acknowledged=self._acknowledged,
        )

    def _acknowledged(self, partition: int, offset: int) -> None:
        self.facts.note(partition, offset)


def add_table(
    app: faust.App,
    settings: Settings,
    *,
    partitions: int,
    width: float,
    new_memory: Callable[[int], Shard],
) -> FactsTable:
    """Give an app its table.

    Args:
        app: the stage's.
        settings: where its changelog is.
        partitions: of its input, and so of the changelog.
        width: seconds of event time in a bucket.
        new_memory: makes the empty shard of a partition.
    """
    table = FactsTable(app, name=FACTS, partitions=partitions, key_type=bytes, value_type=bytes)
    table.settings = settings
    table.new_memory = new_memory
    table.width = width
    app.tables.add(table)
    return table
