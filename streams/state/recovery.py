"""Restores a state of `dedupe` from its changelog in large batches.

Invariants:

- A restored state is what the changelog holds up to the end that it had when the restore began.
  Faust's own recovery continues from there and finds nothing left to do.
- A rebalance may stop a restore between two batches. The next restore continues where it stopped.
- When a partition goes to another worker, its state is dropped, and a restore that is still reading
  the partition has no effect.

Faust (0.15) puts the records of a changelog through a queue one by one, at a tenth of this speed.
"""

import asyncio
import collections
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer
from faust.tables import TableManager
from faust.tables import recovery as faust_recovery
from faust.types import TP
from faust.types.transports import ConsumerT
from mode.services import WaitArgT

from cleanwire.dedupe.shard import Shard
from streams.kafka.auth import login
from streams.stage import RECORD_OVERHEAD
from streams.state.table import ChangelogBatch, StateTable

BATCH = 2000
"""The most records that are taken in between two turns of the event loop."""

FETCH_BYTES = 8 << 20
"""The least size, in bytes, that a fetch of one partition may have."""

SAID = 10_000
"""The least number of records for which a restore is logged."""

SHARE = 0.1
"""The share of the records after which the number of sample hashes in all records is estimated."""

log = logging.getLogger(__name__)


class Recovery(faust_recovery.Recovery):
    """Faust's recovery, which restores active partitions of a `StateTable` in large batches."""

    async def _build_offsets(
        self, consumer: ConsumerT, tps: set[TP], destination: collections.Counter[TP], title: str
    ) -> None:
        await super()._build_offsets(consumer, tps, destination, title)
        if title != "active":
            return
        for tp in sorted(tps):
            table = self.tp_to_table[tp]
            last = self.active_highwaters[tp]
            if isinstance(table, StateTable) and destination[tp] < last:
                async for offset in read_back(table, tp, last):
                    # The watchdog reads here how far the restore is.
                    destination[tp] = offset
                # If the partition went away meanwhile, its state was dropped, so less is persisted
                # than the loop has read.
                destination[tp] = table.store.persisted_offset(tp)

    async def _wait(self, coro: WaitArgT, timeout: Any = None) -> None:  # noqa: ANN401, ASYNC109 - Faust's signature
        # No timeout: after one, Faust would go on as if the changelog had been read.
        del timeout
        await super()._wait(coro)


class Tables(TableManager):
    """Faust's table manager, with `Recovery` in place of Faust's own."""

    @property
    def recovery(self) -> Recovery:
        """The recovery, which is made at the first access."""
        if not isinstance(self._recovery, Recovery):
            self._recovery = Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery


class _RestoreThread:
    """Runs one call at a time in a thread; a caller that is cancelled has to wait for the call."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(
        self, call: Callable[[ChangelogBatch, Shard], None], batch: ChangelogBatch, state: Shard
    ) -> None:
        """Start a call; the call before it must have ended."""
        self._task = asyncio.create_task(asyncio.to_thread(call, batch, state))

    async def result(self) -> None:
        """Wait until the call has ended, and raise what it raised."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def settle(self) -> None:
        """Wait until the call has ended, and ignore what it raised."""
        if self._task is not None:
            await asyncio.wait([self._task])


async def _batches(
    consumer: AIOKafkaConsumer, tp: TP, last: int
) -> AsyncGenerator[list[Any], None]:
    """Yield the records of a partition up to an offset, in batches; fetches one answer ahead."""
    ahead = asyncio.create_task(_fetch(consumer, tp, last))
    try:
        while records := await ahead:
            ahead = asyncio.create_task(_fetch(consumer, tp, last))
            for start in range(0, len(records), BATCH):
                yield records[start : start + BATCH]
    finally:
        ahead.cancel()
        await asyncio.gather(ahead, return_exceptions=True)


async def _fetch(consumer: AIOKafkaConsumer, tp: TP, last: int) -> list[Any]:
    """The records of the next fetch up to an offset; empty at the end."""
    while await consumer.position(tp) <= last:
        for batch in (await consumer.getmany(timeout_ms=1000)).values():
            if records := [record for record in batch if record.offset <= last]:
                return records
    return []


async def read_back(table: StateTable, tp: TP, last: int) -> AsyncIterator[int]:
    """Read the missing records of a changelog's partition into the state of that partition.

    Args:
        table: the table that the changelog belongs to.
        tp: the partition of the changelog.
        last: the last offset to read; compaction may have removed its record.

    Yields:
        The offset up to which the state is restored, after each batch, and `last` at the end. If
        the partition goes to another worker, it ends without `last`.

    Raises:
        ValueError: a record cannot be read; the app has crashed then.
    """
    store, settings = table.store, table.settings
    began, count = time.monotonic(), 0
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(store.reading)
        # Read the state only after taking the lock: earlier values may be stale.
        state, first = store.state_of(tp.partition), store.persisted_offset(tp) + 1
        reserves = first == 0
        consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.broker.split(","),
            **login(settings),
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=max(
                FETCH_BYTES, settings.max_message_bytes + RECORD_OVERHEAD
            ),
        )
        stack.push_async_callback(consumer.stop)
        await consumer.start()
        consumer.assign([tp])
        consumer.seek(tp, first)
        thread = _RestoreThread()
        stack.push_async_callback(thread.settle)
        fetched = await stack.enter_async_context(contextlib.aclosing(_batches(consumer, tp, last)))
        read = first - 1
        async for records in fetched:
            # Three things run at once: this batch is parsed, the batch before it is restored in
            # its thread, and the next answer is fetched.
            batch = await asyncio.to_thread(store.read, records)
            await thread.result()
            if not store.mark_restored(tp.partition, state, read):
                return
            share = (batch.first - first) / (last - first + 1)
            if reserves and share >= SHARE:
                state.reserve(share)
                reserves = False
            thread.start(store.restore, batch, state)
            read, count = batch.last, count + len(records)
            yield store.persisted_offset(tp)
        await thread.result()
        if not store.mark_restored(tp.partition, state, last):
            return
    yield last
    if count >= SAID:
        seconds = time.monotonic() - began
        log.info("read back %d records of %s in %.1f s", count, tp.topic, seconds)
