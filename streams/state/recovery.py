"""A memory of `dedupe` that is read back in one go.

Invariant: what is read back is what the changelog says up to the end that it had when the
reading began; Faust's own recovery goes on from there, and finds nothing left to do. A rebalance
may stop the reading between two batches: then it goes on where it stopped. A partition that goes
away takes its memory with it, and what was read of it counts for nothing.

Faust (0.15) takes the records of a changelog one by one through a queue, at a tenth of the speed.
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
from streams.kafka.auth import aiokafka_security
from streams.stage import RECORD_OVERHEAD
from streams.state.table import ChangelogBatch, StateTable

BATCH = 2000
"""Records between two turns of the event loop."""

FETCH_BYTES = 8 << 20

SAID = 10_000
"""So many records are worth a line in the log."""

SHARE = 0.1
"""After so large a share of the records their number of sample hashes is extrapolated."""

log = logging.getLogger(__name__)


class Recovery(faust_recovery.Recovery):
    """Faust's recovery, which reads active partitions of a `StateTable` in large batches."""

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
                    # Whoever asks how far it is looks here.
                    destination[tp] = offset
                # Of what went away and came back nothing is read.
                destination[tp] = table.store.persisted_offset(tp)

    async def _wait(self, coro: WaitArgT, timeout: Any = None) -> None:  # noqa: ANN401, ASYNC109 - Faust's signature
        # Faust would go on as if it had been read, once a request's timeout is over.
        del timeout
        await super()._wait(coro)


class Tables(TableManager):
    """Faust's manager of tables, with that recovery."""

    @property
    def recovery(self) -> Recovery:
        """The recovery, made when it is first asked for."""
        if not isinstance(self._recovery, Recovery):
            self._recovery = Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery


class _Thread:
    """One call at a time in a thread, which cannot be stopped: whoever is stopped waits for it."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(
        self, call: Callable[[ChangelogBatch, Shard], None], batch: ChangelogBatch, state: Shard
    ) -> None:
        """Begin a call; the one before has come to its end."""
        self._task = asyncio.create_task(asyncio.to_thread(call, batch, state))

    async def result(self) -> None:
        """Wait until the call is done; raises what it raised."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def settle(self) -> None:
        """Wait until the call is done, whatever came of it."""
        if self._task is not None:
            await asyncio.wait([self._task])


async def _fetched(
    consumer: AIOKafkaConsumer, tp: TP, last: int
) -> AsyncGenerator[list[Any], None]:
    """The records of a partition up to an offset, in batches; one fetch ahead of them."""
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
    """What the next fetch brings; nothing at the end."""
    while await consumer.position(tp) <= last:
        for batch in (await consumer.getmany(timeout_ms=1000)).values():
            if records := [record for record in batch if record.offset <= last]:
                return records
    return []


async def read_back(table: StateTable, tp: TP, last: int) -> AsyncIterator[int]:
    """Read what is missing of a partition of the changelog into its shard.

    Args:
        table: whose changelog it is.
        tp: the partition.
        last: the offset to end with; it may have no record of its own any more.

    Yields:
        The offset up to which it is read, now and then, and at the end, unless the partition went
        away.
    """
    store, settings = table.store, table.settings
    began, count = time.monotonic(), 0
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(store.reading)
        # Whatever was known before the lock was had is old by now.
        state, first = store.state_of(tp.partition), store.persisted_offset(tp) + 1
        reserves = first == 0
        consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.broker.split(","),
            **aiokafka_security(settings),
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
        thread = _Thread()
        stack.push_async_callback(thread.settle)
        fetched = await stack.enter_async_context(contextlib.aclosing(_fetched(consumer, tp, last)))
        read = first - 1
        async for records in fetched:
            # What was read before is taken in while this is read, and more is fetched.
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
