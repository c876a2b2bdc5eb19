"""Acks events in order, after their produces are acknowledged. Nothing else acks.

Invariant: an event is acked after the broker has acknowledged every record that the event led to,
and after every event before it in the queue. No other module acks: streams are read with `noack()`.
So a crash at any point repeats events and never loses one. Counting comes after the ack, and an
error of it is logged: it neither stops nor reorders anything.

One queue holds the events in flight, in their order. One task takes outcomes from the head of the
queue and sends their records. A second task waits for the acknowledgements and acks. Both tasks go
on while no event comes in. When partitions are revoked, the queue gets `DRAIN_SECONDS` to empty.
Events that are left then are dropped without an ack: the next owner of the partition starts at the
committed offset.

An error of the broker is no page's fault. It stops the app, and nothing is acked after it.
"""

import asyncio
import collections
import contextlib
import dataclasses
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self

import faust
from faust.types import EventT, StreamT

from streams.runtime.instruments import CountedPage, Instruments

DRAIN_SECONDS = 3.0
"""How long the queue may take to empty when partitions are revoked or the worker stops."""

log = logging.getLogger(__name__)

Headers = Sequence[tuple[str, bytes]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Produce:
    """One record to send.

    Attributes:
        topic: where the record goes.
        key: the record's key.
        value: the record's value; None makes it a tombstone where there is a key.
        headers: names and values.
        partition: where the record goes; None lets the key choose.
        acknowledged: called with the partition and the offset of the record, once the broker has
            acknowledged it and every record before it in the queue.
        page: the page whose outcome the record publishes; None for every other record.
        waits: whether the records of its event are sent only once all before are acknowledged.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None
    acknowledged: Callable[[int, int], None] | None = None
    page: CountedPage | None = None
    waits: bool = False


@dataclasses.dataclass(slots=True, eq=False)
class _Item:
    event: EventT[Any]
    outcome: asyncio.Future[Sequence[Produce]]
    size: int
    sent: Sequence[asyncio.Future[Any]] | None = None


class Delivery:
    """The queue of one stage's agent; use it as an async context manager around the agent's loop.

    Args:
        app: the stage's app.
        limit: the most events in the queue.
        limit_bytes: the most bytes of values in the queue. An event that is larger is alone in it.
        instruments: counts the events that are acked; None counts nothing.
        acked: called with the records of each event, once it is acked.
    """

    def __init__(
        self,
        app: faust.App,
        *,
        limit: int,
        limit_bytes: int,
        instruments: Instruments | None = None,
        acked: Callable[[Sequence[Produce]], None] = lambda _: None,
    ) -> None:
        self._app = app
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._instruments = instruments
        self._acked = acked
        self._unsent: collections.deque[_Item] = collections.deque()
        self._unacked: collections.deque[_Item] = collections.deque()
        self._size = 0
        self._count = 0
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False
        self._epoch = 0

    async def __aenter__(self) -> Self:
        self._app.on_partitions_revoked.connect(self._on_revoked, weak=False)
        self._tasks = [
            asyncio.create_task(self._crash_on_error(self._send())),
            asyncio.create_task(self._crash_on_error(self._ack())),
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._app.on_partitions_revoked.disconnect(self._on_revoked)
        self._closed = True
        if isinstance(error, Exception):
            # Faust would restart the agent with the next event, and skip this one.
            await self._fail(error)
        with contextlib.suppress(asyncio.CancelledError):
            await self.drain()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._drop()

    @property
    def in_flight(self) -> int:
        """The number of events in the queue."""
        return self._count

    async def put(
        self, event: EventT[Any], outcome: Awaitable[Sequence[Produce]] | Sequence[Produce]
    ) -> None:
        """Queue an event with the records that it leads to; waits while the queue is full.

        The records are sent, and the event is acked, after those of all events before it.

        Args:
            event: an event of the agent's stream. Its size is the bytes of its value.
            outcome: the records in the order in which they are sent, or an awaitable of them.
                A coroutine starts at once as a task, before the queue has room. So the outcomes of
                all events in the queue, and of the one that waits, are computed concurrently.

        Returns:
            Nothing; the event is in the queue then. If partitions were revoked, or the queue was
            closed, while the event waited for room, it was dropped instead: its outcome is
            cancelled, and the event is not acked, so it will be delivered again.

        Raises:
            asyncio.CancelledError: the agent was cancelled while the event waited for room. An
                exception of the outcome is never raised here: it stops the app, with nothing acked.
        """
        epoch = self._epoch
        size = len(event.message.value or b"")
        if isinstance(outcome, Sequence):
            future = asyncio.get_running_loop().create_future()
            future.set_result(outcome)
        else:
            future = asyncio.ensure_future(outcome)
        item = _Item(event, future, size)
        async with self._changed:
            await self._changed.wait_for(lambda: self._has_room(size))
            if self._closed or epoch != self._epoch:
                item.outcome.cancel()
                return
            self._count += 1
            self._size += size
            self._unsent.append(item)
            self._changed.notify_all()

    async def drain(self) -> None:
        """Wait until the queue is empty, `DRAIN_SECONDS` at most; then drop what is left of it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS), self._changed:
                await self._changed.wait_for(lambda: not self._count)
        async with self._changed:
            self._drop()
            self._changed.notify_all()

    def _has_room(self, size: int) -> bool:
        if not self._count or self._closed:
            return True
        return self._count < self._limit and self._size + size <= self._limit_bytes

    async def _on_revoked(self, *_: object, **__: object) -> None:
        await self.drain()
        await self._app.consumer.commit()

    def _drop(self) -> None:
        for item in (*self._unsent, *self._unacked):
            item.outcome.cancel()
        if self._count:
            log.info("dropped %d events in flight; they will be delivered again", self._count)
        self._unsent.clear()
        self._unacked.clear()
        self._count = self._size = 0
        # An event that still waits for room was read before this drop, so it will be delivered
        # again too. The new epoch tells `put` to drop it.
        self._epoch += 1

    async def _head(self, queue: collections.deque[_Item]) -> _Item:
        async with self._changed:
            await self._changed.wait_for(lambda: len(queue) > 0)
            return queue[0]

    async def _send(self) -> None:
        while True:
            item = await self._head(self._unsent)
            if not item.outcome.done():
                # `wait` instead of `await`: cancelling this task must not cancel the outcome.
                await asyncio.wait([item.outcome])
            if item.outcome.cancelled():
                continue
            produces = item.outcome.result()
            if any(produce.waits for produce in produces):
                async with self._changed:
                    await self._changed.wait_for(lambda: not self._unacked)
                    if not self._unsent or self._unsent[0] is not item:
                        continue
            sent = [asyncio.ensure_future(await self._produce(produce)) for produce in produces]
            for record in sent:
                record.add_done_callback(_mark_error_seen)
            item.sent = sent
            async with self._changed:
                if self._unsent and self._unsent[0] is item:
                    self._unsent.popleft()
                    self._unacked.append(item)
                    self._changed.notify_all()

    async def _produce(self, produce: Produce) -> Awaitable[Any]:
        # Kafka accepts a record that has neither key nor value; aiokafka refuses to send it.
        is_void = produce.key is None and produce.value is None
        return await self._app.producer.send(
            produce.topic,
            key=produce.key,
            value=b"" if is_void else produce.value,
            partition=produce.partition,
            timestamp=None,
            headers=list(produce.headers),
        )

    async def _ack(self) -> None:
        while True:
            item = await self._head(self._unacked)
            sent = item.sent
            if sent is None:
                raise RuntimeError("an event was queued for its ack before it was sent")
            if not all(record.done() for record in sent):
                await asyncio.wait(sent)
            acknowledgements = [record.result() for record in sent]
            async with self._changed:
                if self._unacked and self._unacked[0] is item:
                    produces = item.outcome.result()
                    for produce, at in zip(produces, acknowledgements, strict=True):
                        if produce.acknowledged is not None:
                            produce.acknowledged(at.partition, at.offset)
                    self._unacked.popleft()
                    self._count -= 1
                    self._size -= item.size
                    item.event.ack()
                    self._tell(item.size, produces)
                    self._changed.notify_all()

    def _tell(self, size: int, produces: Sequence[Produce]) -> None:
        """Count an event that is acked."""
        try:
            self._acked(produces)
            if self._instruments is not None:
                written = sum(len(produce.value or b"") for produce in produces)
                pages = [produce.page for produce in produces if produce.page is not None]
                self._instruments.acked(size, written, pages)
        except Exception:
            # A worker that stopped here would get the same event again, and stop again.
            log.exception("an event that was acked could not be counted")

    async def _crash_on_error(self, work: Awaitable[None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - to go on after any error would lose pages
            await self._fail(error)

    async def _fail(self, error: BaseException) -> None:
        log.error("delivery stopped, with nothing acked: %r", error)
        await self._app.crash(error)


def raw_events(stream: StreamT[bytes]) -> AsyncIterator[EventT[Any]]:
    """Read the events of a stage's input in such a way that Faust does not ack them.

    Raises:
        TypeError: the stream is not one of Faust's.
    """
    if not isinstance(stream, faust.Stream):
        raise TypeError(f"not a stream of Faust's: {type(stream).__name__}")
    events: AsyncIterator[EventT[Any]] = stream.noack().events()
    return events


def _mark_error_seen(sent: asyncio.Future[Any]) -> None:
    """Mark an error as seen: once an event is dropped, nothing awaits its records any more."""
    if not sent.cancelled():
        sent.exception()
