"""The memory of `dedupe` as a Faust table: its records in a changelog, a partition a shard.

Invariant: the memory of a partition is what its changelog says, up to the
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

from cleanwire.dedupe.bulk_restore import Records, apply_all, read
from cleanwire.dedupe.records import pack_record
from cleanwire.dedupe.shard import Record, Shard
from streams.kafka.topics import FACTS
from streams.runtime.delivery import Produce
from streams.settings import Settings

NOTHING_APPLIED = -1


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class ChangelogBatch:
    """What was read of a partition, from one offset to another, and not taken in yet."""

    tp: TP
    first: int
    last: int
    records: Records


class StateStore(base.Store[bytes, bytes]):
    """The states of the partitions that this worker has, active or standby."""

    new_state: Callable[[int], Shard]
    width: float

    def __post_init__(self) -> None:
        self.states: dict[int, Shard] = {}
        self._applied: dict[int, int] = {}
        self._assigned: set[int] = set()
        self.reading = asyncio.Lock()
        """Held while a partition is read back."""
        self._changing = threading.Lock()
        """Held while records are taken in: a partition that becomes a standby is read by Faust,
        whatever the thread that read it back is still doing."""

    def state_of(self, partition: int) -> Shard:
        """The shard of a partition; empty where the changelog is."""
        if partition not in self.states:
            self.states[partition] = self.new_state(partition)
        return self.states[partition]

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
            # beginning of a state that lacks everything before it.
            if partition in self._assigned:
                found = self.read([event.message for event in events])
                state = self.state_of(partition)
                self.restore(found, state)
                self.mark_restored(partition, state, found.last)

    def read(self, records: Sequence[Any]) -> ChangelogBatch:
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
        return ChangelogBatch(tp, first.offset, last.offset, found)

    def restore(self, batch: ChangelogBatch, state: Shard) -> None:
        """Take in what was read; `mark_restored` says so, once it is done.

        Args:
            batch: what was read.
            state: of its partition. The partition may have gone to another worker in the
                meantime, and have come back with another state, which begins at the beginning.

        Raises:
            ValueError: it cannot be taken in; then this worker ends.
        """
        with self._or_end(batch.tp, batch.first, batch.last), self._changing:
            apply_all(state, batch.records, self.width)

    @contextlib.contextmanager
    def _or_end(self, tp: TP, first: int, last: int) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, half a state is worse
            place = f"{tp.topic} partition {tp.partition}, offsets {first} to {last}"
            fault = ValueError(f"unreadable state at {place}: {error}")
            # Faust's recovery logs what is raised here and goes on; and this may be a thread.
            loop = self.app.loop
            loop.call_soon_threadsafe(lambda: loop.create_task(self.app.crash(fault)))
            raise fault from None

    def mark_restored(self, partition: int, state: Shard, offset: int) -> bool:
        """Count a state as read up to an offset, which may have no record any more.

        Called in the event loop, where partitions come and go.

        Returns:
            Whether it is still the state of that partition.
        """
        if self.states.get(partition) is not state:
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
        """Drop the state of partitions that went to another worker."""
        del newly_assigned, generation_id
        changelog = self.table.changelog_topic.get_topic_name()
        self._assigned = {tp.partition for tp in assigned if tp.topic == changelog}
        for tp in revoked - assigned:
            if tp.topic == changelog:
                self.states.pop(tp.partition, None)
                self._applied.pop(tp.partition, None)

    def reset_state(self) -> None:
        """Forget everything; the changelog has it."""
        self.states.clear()
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


class StateTable(faust.Table[bytes, bytes]):
    """A table that keeps its contents in a `StateStore`."""

    settings: Settings
    new_state: Callable[[int], Shard]
    width: float

    def _new_store(self) -> StoreT[bytes, bytes]:
        store = StateStore(
            "memory://",
            self.app,
            self,
            table_name=self.name,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
        )
        store.new_state = self.new_state
        store.width = self.width
        return store

    @property
    def store(self) -> StateStore:
        """The store, with its own type."""
        store = self.data
        if not isinstance(store, StateStore):
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
        self.store.note(partition, offset)


def add_table(
    app: faust.App,
    settings: Settings,
    *,
    partitions: int,
    width: float,
    new_state: Callable[[int], Shard],
) -> StateTable:
    """Give an app its table.

    Args:
        app: the stage's.
        settings: where its changelog is.
        partitions: of its input, and so of the changelog.
        width: seconds of event time in a bucket.
        new_state: makes the empty shard of a partition.
    """
    table = StateTable(app, name=FACTS, partitions=partitions, key_type=bytes, value_type=bytes)
    table.settings = settings
    table.new_state = new_state
    table.width = width
    app.tables.add(table)
    return table
