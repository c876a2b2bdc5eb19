"""The state of `dedupe` as a Faust table: a changelog holds its records, one partition for a shard.

Invariants:

- The state of a partition is what its changelog holds up to the offset that `persisted_offset`
  returns.
- A record that cannot be read stops the worker. With half of a state, it would publish old stories
  again.
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
from cleanwire.dedupe.shard import Shard
from cleanwire.dedupe.shard_record import Record
from streams.kafka.topics import FACTS
from streams.runtime.delivery import Produce
from streams.settings import Settings

NOTHING_APPLIED = -1
"""The persisted offset of a state that has no record yet."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class ChangelogBatch:
    """Records of a changelog's partition that are read and not yet in the state.

    Attributes:
        tp: the partition of the changelog.
        first: the offset of the first record.
        last: the offset of the last record.
        records: the records, parsed.
    """

    tp: TP
    first: int
    last: int
    records: Records


class StateStore(base.Store[bytes, bytes]):
    """The states of the partitions that this worker has, active or standby.

    Attributes:
        new_state: makes the empty state of a partition.
        width: seconds of event time in a bucket.
        states: the states, by partition.
        reading: held while a partition is restored, so that one is restored at a time.
    """

    new_state: Callable[[int], Shard]
    width: float

    def __post_init__(self) -> None:
        self.states: dict[int, Shard] = {}
        self._evicted_before = 0
        self._applied: dict[int, int] = {}
        self._assigned: set[int] = set()
        self.reading = asyncio.Lock()
        # Held while records change a state. When a partition becomes a standby, Faust reads its
        # records in the event loop, while the thread of a restore may still be at work on it.
        self._changing = threading.Lock()

    @property
    def evicted(self) -> int:
        """How many articles this worker evicted, from its present shards and from those it had."""
        return self._evicted_before + sum(state.evicted for state in self.states.values())

    def state_of(self, partition: int) -> Shard:
        """The state of a partition; a new and empty one if the worker has none yet."""
        if partition not in self.states:
            self.states[partition] = self.new_state(partition)
        return self.states[partition]

    def apply_changelog_batch(
        self,
        batch: Iterable[EventT[Any]],
        to_key: Callable[[Any], bytes],
        to_value: Callable[[Any], bytes],
    ) -> None:
        """Restore records of the changelog that Faust's recovery has read.

        Args:
            batch: events of any partitions of the changelog.
            to_key: not used; the store parses the records itself.
            to_value: not used.

        Raises:
            ValueError: a record cannot be read; the app crashes then.
        """
        del to_key, to_value
        for partition, events in itertools.groupby(
            batch, key=lambda event: event.message.partition
        ):
            # Faust also empties its buffers after a rebalance. Late records of a partition that is
            # gone would begin a state that lacks everything before them.
            if partition in self._assigned:
                found = self.read([event.message for event in events])
                state = self.state_of(partition)
                self.restore(found, state)
                self.mark_restored(partition, state, found.last)

    def read(self, records: Sequence[Any]) -> ChangelogBatch:
        """Parse records of one partition, without changing any state.

        Args:
            records: one or more records in the order of their offsets, aiokafka's or Faust's, with
                topic, partition, offset, key and value.

        Returns:
            The batch for `restore`.

        Raises:
            ValueError: a record cannot be read; the app crashes then.
        """
        first, last = records[0], records[-1]
        tp = TP(first.topic, first.partition)
        with self._crash_on_error(tp, first.offset, last.offset):
            found = read(((record.key or b"", record.value) for record in records), self.width)
        return ChangelogBatch(tp, first.offset, last.offset, found)

    def restore(self, batch: ChangelogBatch, state: Shard) -> None:
        """Apply a batch of records to a state. Then the caller calls `mark_restored`.

        This may run in a thread: a lock keeps two calls from changing states at the same time. The
        persisted offset does not change here, because partitions may come and go meanwhile.

        Args:
            batch: records of one partition of the changelog.
            state: the state of that partition when the batch was read. If the partition went to
                another worker and came back since, the store has a new state for it by now, which
                starts from the beginning. Then this one is no longer used, and `mark_restored`
                returns False for it.

        Raises:
            ValueError: the records cannot be applied; the app crashes then, because half of a state
                would publish old stories again.
        """
        with self._crash_on_error(batch.tp, batch.first, batch.last), self._changing:
            apply_all(state, batch.records, self.width)

    @contextlib.contextmanager
    def _crash_on_error(self, tp: TP, first: int, last: int) -> Iterator[None]:
        """Crash the app on any error, and raise it as a ValueError that names the offsets."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - after any error half of a state would be left
            where = f"{tp.topic} partition {tp.partition}, offsets {first} to {last}"
            fault = ValueError(f"unreadable state at {where}: {error}")
            # Raising is not enough: Faust's recovery logs the error and goes on. This may be
            # another thread, so the event loop has to crash the app.
            loop = self.app.loop
            loop.call_soon_threadsafe(lambda: loop.create_task(self.app.crash(fault)))
            raise fault from None

    def mark_restored(self, partition: int, state: Shard, offset: int) -> bool:
        """Note that a state is restored up to an offset.

        This must be called in the event loop, because rebalances change the states there.

        Args:
            partition: the partition of the changelog.
            state: the state that was restored.
            offset: the last offset in it; compaction may have removed the record there.

        Returns:
            Whether the store still has this state for the partition. If not, nothing is noted.
        """
        if self.states.get(partition) is not state:
            return False
        self._applied[partition] = max(offset, self._applied.get(partition, NOTHING_APPLIED))
        return True

    def note(self, partition: int, offset: int) -> None:
        """Note that a record of this worker, which the broker has acknowledged, is in the state.

        Only the offset right after the persisted one counts. A gap means that another worker wrote
        in between. Recovery then has to continue from the persisted offset.
        """
        if offset == self._applied.get(partition, NOTHING_APPLIED) + 1:
            self._applied[partition] = offset

    def persisted_offset(self, tp: TP) -> int:
        """The last offset of the changelog that is in the state; `NOTHING_APPLIED` if none is.

        This never returns None, because Faust would then trust its own count.
        """
        return self._applied.get(tp.partition, NOTHING_APPLIED)

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        """Drop the states of partitions that went to another worker."""
        del newly_assigned, generation_id
        changelog = self.table.changelog_topic.get_topic_name()
        self._assigned = {tp.partition for tp in assigned if tp.topic == changelog}
        for tp in revoked - assigned:
            if tp.topic == changelog:
                gone = self.states.pop(tp.partition, None)
                self._evicted_before += 0 if gone is None else gone.evicted
                self._applied.pop(tp.partition, None)

    def reset_state(self) -> None:
        """Drop all states; the changelog has them."""
        self._evicted_before = self.evicted
        self.states.clear()
        self._applied.clear()

    async def backup_partition(
        self,
        tp: TP | int,
        flush: bool = True,  # noqa: FBT001, FBT002 - Faust's signature
        purge: bool = False,  # noqa: FBT001, FBT002 - Faust's signature
        keep: int = 1,
    ) -> None:
        """Do nothing: the changelog is the backup."""

    def restore_backup(
        self,
        tp: TP | int,
        latest: bool = True,  # noqa: FBT001, FBT002 - Faust's signature
        backup_id: int = 0,
    ) -> None:
        """Do nothing: only the changelog can be restored from."""


class StateTable(faust.Table[bytes, bytes]):
    """A table that keeps its contents in a `StateStore`.

    Attributes:
        settings: where the changelog is.
        new_state: makes the empty state of a partition.
        width: seconds of event time in a bucket.
    """

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
        """The table's store, with its own type.

        Raises:
            TypeError: the table has another store.
        """
        store = self.data
        if not isinstance(store, StateStore):
            raise TypeError(f"the table's store is a {type(store).__name__}")
        return store

    def write(self, partition: int, key: str, record: Record | None) -> Produce:
        """Make the changelog's record for a key of a state; None makes a tombstone.

        Once the broker has acknowledged the record, it counts as persisted.
        """
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
    """Add the table of `dedupe` to an app.

    Args:
        app: the stage's app.
        settings: where the changelog is.
        partitions: how many partitions the stage's input has, and so the changelog.
        width: seconds of event time in a bucket.
        new_state: makes the empty state of a partition.
    """
    table = StateTable(app, name=FACTS, partitions=partitions, key_type=bytes, value_type=bytes)
    table.settings = settings
    table.new_state = new_state
    table.width = width
    app.tables.add(table)
    return table
